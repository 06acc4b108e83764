/*
 * Messages as bytes on a stream. A frame consists of its length in bytes, the count of its numbers, these numbers, and
 * a body. Each number takes 8 bytes, and the body is padded to a multiple of 8. If a frame starts at a multiple of 8, any
 * typed array can therefore view its body. Both ends are on one machine and use its byte order.
 */

/** A message: numbers, whose meaning the protocol defines, and bytes. */
export interface Frame {
  readonly numbers: readonly number[];
  /** A view of the bytes read; including up to 7 bytes of padding. Valid until the next call of the reader. */
  readonly body: Buffer;
}

/** Bytes of a number. */
const WORD = 8;

/** The number of bytes and the number of numbers. */
const HEAD = 2 * WORD;

/** Maximum size of a frame. The descriptions of loaded models are the largest frames. */
const MAX_BYTES = 64 * 2 ** 20;

/** Maximum size of a buffer for incomplete frames that is kept. */
const KEPT_BYTES = 2 ** 20;

/** The bytes received are not frames, so the connection must be closed. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}

/** Bytes of a frame with `count` numbers and a body of `bodyBytes`. */
function frameBytes(count: number, bodyBytes: number): number {
  return HEAD + count * WORD + ((bodyBytes + WORD - 1) & -WORD);
}

/**
 * Encodes a frame.
 * @param body consecutive pieces of the body, `bodyBytes` in total.
 * @param space written to if the frame fits; a buffer that starts at a multiple of 8 of its ArrayBuffer.
 * @throws Error if the frame is longer than readers accept.
 */
export function encodeFrame(
  numbers: readonly number[],
  body: readonly Uint8Array[],
  bodyBytes: number,
  space?: Buffer,
): Buffer {
  const length = frameBytes(numbers.length, bodyBytes);
  if (length > MAX_BYTES) throw new Error(`a message of ${length} bytes exceeds ${MAX_BYTES} bytes`);
  const bytes = space !== undefined && space.length >= length ? space : Buffer.allocUnsafeSlow(length);
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, 2 + numbers.length);
  words[0] = length;
  words[1] = numbers.length;
  words.set(numbers, 2);
  let end = HEAD + numbers.length * WORD;
  for (const piece of body) {
    bytes.set(piece, end);
    end += piece.byteLength;
  }
  // `space` still contains bytes of earlier messages.
  bytes.fill(0, end, length);
  return bytes.subarray(0, length);
}

/** Splits a stream of bytes into frames. */
export class FrameReader {
  private chunk: Buffer = Buffer.alloc(0);
  /** Start of the unread bytes of `chunk`. */
  private at = 0;
  /** The start of a frame whose end has not arrived. */
  private partial = Buffer.allocUnsafeSlow(HEAD);
  private filled = 0;

  /** Adds bytes. Call it when {@link next} has returned undefined. `chunk` is used until it does again. */
  push(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
  }

  /** The next frame, or undefined if it has not arrived completely. @throws MalformedFrame */
  next(): Frame | undefined {
    while (this.at < this.chunk.length) {
      const left = this.chunk.length - this.at;
      if (this.filled === 0 && left >= HEAD) {
        const length = lengthAt(this.chunk, this.at);
        if (left >= length) return frameAt(this.chunk, (this.at += length) - length, length);
      }
      if (this.collect()) return frameAt(this.partial, 0, lengthAt(this.partial, 0));
    }
    return undefined;
  }

  /** Moves bytes of the chunk to the incomplete frame: first the head, then the rest. Returns whether it is complete. */
  private collect(): boolean {
    const wanted = this.filled < HEAD ? HEAD : lengthAt(this.partial, 0);
    if (this.partial.length < wanted || (this.filled === 0 && this.partial.length > KEPT_BYTES)) {
      const grown = Buffer.allocUnsafeSlow(wanted);
      this.partial.copy(grown, 0, 0, this.filled);
      this.partial = grown;
    }
    const taken = this.chunk.copy(this.partial, this.filled, this.at, this.at + wanted - this.filled);
    this.at += taken;
    this.filled += taken;
    if (this.filled < HEAD || this.filled < lengthAt(this.partial, 0)) return false;
    this.filled = 0;
    return true;
  }
}

/** The length of the frame at `start`. @throws MalformedFrame */
function lengthAt(bytes: Buffer, start: number): number {
  const length = bytes.readDoubleLE(start);
  const count = bytes.readDoubleLE(start + WORD);
  const isValid =
    length % WORD === 0 &&
    length <= MAX_BYTES &&
    Number.isInteger(count) &&
    count >= 0 &&
    HEAD + count * WORD <= length;
  if (!isValid) throw new MalformedFrame(`the head ${length}, ${count} is not that of a frame`);
  return length;
}

function frameAt(bytes: Buffer, start: number, length: number): Frame {
  const numbers: number[] = [];
  const end = start + HEAD + bytes.readDoubleLE(start + WORD) * WORD;
  for (let at = start + HEAD; at < end; at += WORD) numbers.push(bytes.readDoubleLE(at));
  return { numbers, body: bytes.subarray(end, start + length) };
}
