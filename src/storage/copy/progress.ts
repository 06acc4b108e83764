const TOTAL = 0;
const RECEIVED = 1;
const NEW = 2;
const WAITING = 3;

/** How far a synchronisation is. Its numbers are in memory that the thread of the synchronisation and the gateway share. */
export class SyncProgress {
  private readonly numbers: Float64Array;

  constructor(readonly memory = new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT)) {
    this.numbers = new Float64Array(memory);
  }

  /** Bytes to download, as far as they are known. */
  get total(): number {
    return this.numbers[TOTAL]!;
  }

  /** Bytes of them that are there, those of an earlier attempt included. */
  get present(): number {
    return this.numbers[RECEIVED]!;
  }

  /** Bytes that were received. */
  get received(): number {
    return this.numbers[NEW]!;
  }

  /** Whether another process synchronises the same copy. */
  get isWaiting(): boolean {
    return this.numbers[WAITING] === 1;
  }

  begin(): void {
    this.numbers.fill(0);
  }

  wait(): void {
    this.numbers[WAITING] = 1;
  }

  /** `bytes` are to be downloaded. */
  expect(bytes: number): void {
    this.numbers[WAITING] = 0;
    this.numbers[TOTAL] = bytes;
    this.numbers[RECEIVED] = 0;
  }

  /** `bytes` more are there; negative if they were discarded. */
  add(bytes: number): void {
    this.numbers[RECEIVED]! += bytes;
  }

  /** `bytes` were received from the store. */
  receive(bytes: number): void {
    this.numbers[RECEIVED]! += bytes;
    this.numbers[NEW]! += bytes;
  }

  end(): void {
    this.numbers[TOTAL] = 0;
    this.numbers[WAITING] = 0;
  }
}
