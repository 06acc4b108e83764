/** Makes the errors of a message that cannot be used, for its sender. */
export interface MessageErrors {
  /** The field that has the bytes of tensors: `raw_input_contents` or `raw_output_contents`. */
  readonly rawField: string;
  /** The bytes are not valid Protocol Buffers. */
  malformed(): Error;
  /** The message has more than `limit` parts. */
  tooManyParts(limit: number): Error;
  /** @param path of the wrong field. @param message starts with it, and contains what was expected and what it got. */
  invalid(message: string, path: string): Error;
}

/** Wire types of Protocol Buffers. */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

/**
 * Iterates over the fields of a Protocol Buffers message without allocating objects, because a message may have tens of
 * millions of fields.
 */
export class WireReader {
  /** Number and wire type of the current field, and the range of its value in `bytes`. */
  field = 0;
  type = VARINT;
  start = 0;
  end = 0;
  /** The 64 bits of the last varint. */
  low = 0;
  high = 0;

  constructor(
    readonly bytes: Buffer,
    private readonly errors: MessageErrors,
  ) {}

  /** Moves to the next field. Returns false at the end. @throws `malformed` if the message is. */
  next(): boolean {
    if (this.end >= this.bytes.length) return false;
    const at = this.varint(this.end);
    this.field = this.low >>> 3;
    this.type = this.low & 7;
    this.measure(at);
    if (this.field === 0 || this.end > this.bytes.length) throw this.errors.malformed();
    return true;
  }

  /** Reads the varint at `at` into {@link low} and {@link high}. Returns the offset after it. */
  varint(at: number): number {
    const first = this.bytes[at];
    // Fast path: most varints have one byte.
    if (first !== undefined && first < 0x80) {
      this.low = first;
      this.high = 0;
      return at + 1;
    }
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.bytes[at + index];
      if (byte === undefined) throw this.errors.malformed();
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index > 4) high |= bits << (7 * index - 32);
      else {
        low |= bits << 28;
        high = bits >>> 4;
      }
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return at + index + 1;
      }
    }
    throw this.errors.malformed();
  }

  /** The value of a length-delimited field, as a view. @throws `malformed` for another wire type. */
  view(): Buffer {
    if (this.type !== DELIMITED) throw this.errors.malformed();
    return this.bytes.subarray(this.start, this.end);
  }

  /** The value of a length-delimited field, as text. @throws `malformed` for another wire type. */
  text(): string {
    if (this.type !== DELIMITED) throw this.errors.malformed();
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** The varint of the field as a signed integer, rounded beyond 2^53. */
  integer(): number {
    this.varint(this.start);
    return this.high * 2 ** 32 + (this.low >>> 0);
  }

  /** The varint of the field as an unsigned integer, rounded beyond 2^53. */
  unsigned(): number {
    this.varint(this.start);
    return (this.high >>> 0) * 2 ** 32 + (this.low >>> 0);
  }

  /** The value of a 64-bit field as a double. @throws `malformed` for another wire type. */
  double(): number {
    if (this.type !== FIXED64) throw this.errors.malformed();
    return this.bytes.readDoubleLE(this.start);
  }

  private measure(at: number): void {
    this.start = at;
    if (this.type === VARINT) this.end = this.varint(at);
    else if (this.type === FIXED32) this.end = at + 4;
    else if (this.type === FIXED64) this.end = at + 8;
    else if (this.type === DELIMITED) {
      this.start = this.varint(at);
      this.end = this.start + (this.low >>> 0);
    } else throw this.errors.malformed();
  }
}
