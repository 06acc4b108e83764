/** Bytes that come in pieces: one piece stays as it is, several are copied together as they come. */
export class GrowingBytes {
  private room: Buffer = Buffer.alloc(0);
  length = 0;

  get bytes(): Buffer {
    return this.room.subarray(0, this.length);
  }

  /** @param announced bytes of the whole; NaN when it was not said. */
  append(chunk: Buffer, announced: number): void {
    const start = this.length;
    this.length += chunk.length;
    if (start === 0) {
      this.room = chunk;
      return;
    }
    if (this.length > this.room.length) this.grow(announced || 2 * this.length, start);
    chunk.copy(this.room, start);
  }

  private grow(size: number, used: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    this.room.copy(larger, 0, 0, used);
    this.room = larger;
  }
}
