import { open, type FileHandle } from 'node:fs/promises';

/** Bytes read, decoded and yielded at a time: a fraction of a millisecond of work. */
const PIECE_BYTES = 1 << 14;

/** Field numbers in onnx.proto: `metadata_props` of ModelProto, and the key and value of each entry. */
const PROPERTIES = 14;
const KEY = 1;
const VALUE = 2;

/** Position of the payload of a field in the file. */
interface Place {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Yields all `metadata_props` of the ONNX file at `path` as the JSON text of an object, in pieces of a few kilobytes,
 * because the values can be of any length. Other fields of the file are skipped, not read.
 *
 * @throws Error if the file cannot be read, or is not a protobuf message.
 */
export async function* metadataProps(path: string): AsyncGenerator<string> {
  const handle = await open(path);
  try {
    const file = new Window(handle);
    let text = '{';
    let separator = '';
    for await (const entry of file.fields(0, (await handle.stat()).size)) {
      if (entry.number !== PROPERTIES) continue;
      const parts: Record<number, Place> = {};
      for await (const part of file.fields(entry.start, entry.end)) parts[part.number] = part;
      text += separator;
      for (const [place, mark] of [
        [parts[KEY], ':'],
        [parts[VALUE], ''],
      ] as const) {
        text += '"';
        for await (const piece of file.text(place)) {
          text += JSON.stringify(piece).slice(1, -1);
          if (text.length < PIECE_BYTES) continue;
          yield text;
          text = '';
        }
        text += `"${mark}`;
      }
      separator = ',';
    }
    yield `${text}}`;
  } finally {
    await handle.close();
  }
}

/** A part of a file in memory that moves to the position being read. */
class Window {
  private bytes = Buffer.alloc(0);
  private start = 0;
  private position = 0;

  constructor(private readonly handle: FileHandle) {}

  /** The fields of the message between `start` and `end`. Groups, which only old encoders write, are not supported. */
  async *fields(start: number, end: number): AsyncGenerator<Place> {
    for (let next = start; next < end;) {
      this.position = next;
      const tag = await this.varint();
      const length = await this.lengthOf(tag % 8);
      next = this.position + length;
      if (next > end) throw new Error('a field is longer than its message');
      yield { number: Math.floor(tag / 8), start: this.position, end: next };
    }
  }

  /** The text at `place` in pieces of whole characters. Invalid UTF-8 becomes U+FFFD. */
  async *text(place: Place | undefined): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const { start, end } = place ?? { start: 0, end: 0 };
    for (let at = start; at < end;) {
      if (!this.has(at)) await this.move(at);
      const bytes = this.bytes.subarray(at - this.start, end - this.start);
      at += bytes.length;
      yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  }

  private async lengthOf(wireType: number): Promise<number> {
    if (wireType === 0) await this.varint();
    if (wireType === 2) return this.varint();
    const fixed = { 0: 0, 1: 8, 5: 4 }[wireType];
    if (fixed === undefined) throw new Error(`unknown wire type ${wireType}`);
    return fixed;
  }

  private async varint(): Promise<number> {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (!this.has(this.position)) await this.move(this.position);
      const byte = this.bytes[this.position++ - this.start]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('an integer is longer than ten bytes');
  }

  private has(position: number): boolean {
    return position >= this.start && position < this.start + this.bytes.length;
  }

  private async move(position: number): Promise<void> {
    const { bytesRead, buffer } = await this.handle.read(
      Buffer.allocUnsafe(PIECE_BYTES),
      0,
      PIECE_BYTES,
      position,
    );
    if (bytesRead === 0) throw new Error('the file ends inside a field');
    this.start = position;
    this.bytes = buffer.subarray(0, bytesRead);
  }
}
