import { readSync } from 'node:fs';

/** A field of a protobuf message: its number, the location of its payload in the file and, for integers, its value. */
export interface ProtobufField {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

const WINDOW_BYTES = 1 << 16;

/**
 * Reads the fields of protobuf messages directly from a file. It skips payloads without reading them, so that a model
 * of several gigabytes costs only a few reads. Wire format: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufFileReader {
  private readonly window = Buffer.allocUnsafe(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;
  private position = 0;

  constructor(private readonly fd: number) {}

  /** The fields of `message`. @throws Error if it is not valid. */
  *fields({ start, end }: ProtobufField): Generator<ProtobufField> {
    for (let next = start; next < end;) {
      this.position = next;
      const tag = this.varint();
      const field = this.payload(Math.floor(tag / 8), tag % 8);
      if (field.end > end) throw new Error('a field is longer than its message');
      next = field.end;
      yield field;
    }
  }

  /** The last field `number` of `message`; undefined if there is none. */
  last(message: ProtobufField, number: number): ProtobufField | undefined {
    let last: ProtobufField | undefined;
    for (const field of this.fields(message)) if (field.number === number) last = field;
    return last;
  }

  /** The text in `field`, truncated to whole characters within `maxBytes`. Invalid UTF-8 becomes U+FFFD. */
  text({ start, end }: ProtobufField, maxBytes = WINDOW_BYTES): string {
    const bytes = this.bytes(start, Math.min(end - start, maxBytes));
    // Streaming mode drops an incomplete character at the end.
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: end - start > maxBytes });
  }

  /** The text in field `number` of `message`; empty if the field is absent. */
  textIn(message: ProtobufField, number: number): string {
    const field = this.last(message, number);
    return field === undefined ? '' : this.text(field);
  }

  /** The integer in `field` as a bigint, because a number may not hold it. */
  int64({ start, end }: ProtobufField): bigint {
    this.position = start;
    let value = 0n;
    for (let index = 0; index < Math.min(end - start, 10); index++) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) break;
    }
    return BigInt.asIntN(64, value);
  }

  /** The varints in `field`, one or several packed ones, as signed 64-bit integers. */
  int64s({ start, end }: ProtobufField): bigint[] {
    const integers: bigint[] = [];
    for (let next = start; next < end; next = this.position)
      integers.push(this.int64({ number: 0, start: next, end, value: 0 }));
    return integers;
  }

  /** The result of {@link int64s}, rounded to numbers. */
  varints(field: ProtobufField): number[] {
    return this.int64s(field).map(Number);
  }

  /** The little-endian 64-bit integers in `field`, rounded to numbers. */
  raw64({ start, end }: ProtobufField): number[] {
    const bytes = this.bytes(start, end - start);
    return Array.from({ length: bytes.length >> 3 }, (_, index) => Number(bytes.readBigInt64LE(index * 8)));
  }

  /** Names are many and short, so most are already in the window. */
  private bytes(start: number, length: number): Buffer {
    if (start >= this.windowStart && start + length <= this.windowEnd)
      return this.window.subarray(start - this.windowStart, start - this.windowStart + length);
    const bytes = Buffer.alloc(length);
    readSync(this.fd, bytes, 0, length, start);
    return bytes;
  }

  private payload(number: number, wireType: number): ProtobufField {
    const start = this.position;
    switch (wireType) {
      case 0: {
        const value = this.varint();
        return { number, start, end: this.position, value };
      }
      case 1:
        return { number, start, end: start + 8, value: 0 };
      case 2: {
        const length = this.varint();
        return { number, start: this.position, end: this.position + length, value: 0 };
      }
      case 5:
        return { number, start, end: start + 4, value: 0 };
      default:
        throw new Error(`unknown wire type ${wireType}`);
    }
  }

  private varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('an integer is longer than ten bytes');
  }

  private byte(): number {
    if (this.position < this.windowStart || this.position >= this.windowEnd) {
      const count = readSync(this.fd, this.window, 0, WINDOW_BYTES, this.position);
      if (count === 0) throw new Error('the file ends inside a field');
      this.windowStart = this.position;
      this.windowEnd = this.position + count;
    }
    return this.window[this.position++ - this.windowStart]!;
  }
}
