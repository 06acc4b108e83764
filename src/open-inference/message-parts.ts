import { DELIMITED, WireReader, type MessageErrors } from './wire-reader';

/** Maximum number of parts of a message together: inputs, outputs, parameters, dimensions and raw entries. Each is an object. */
const MAX_PARTS = 65_536;

/** Counts the parts of one message, so that its sender cannot fill the memory with objects of a few bytes. */
export class MessageParts {
  private count = 0;

  constructor(readonly errors: MessageErrors) {}

  /** Counts `part`, and returns it. @throws `tooManyParts` if the message has more than 65,536. */
  add<T>(part: T): T {
    if (++this.count <= MAX_PARTS) return part;
    throw this.errors.tooManyParts(MAX_PARTS);
  }

  /** A reader of `bytes`, which are a message or a part of it. */
  reader(bytes: Buffer): WireReader {
    return new WireReader(bytes, this.errors);
  }

  /** Appends the dimensions in the current field of `reader` to `shape`, packed or not. */
  dimensions(reader: WireReader, shape: number[]): void {
    if (reader.type !== DELIMITED) {
      shape.push(this.add(reader.integer()));
      return;
    }
    const packed = this.reader(reader.view());
    for (let at = 0; at < packed.bytes.length;) {
      at = packed.varint(at);
      shape.push(this.add(packed.high * 2 ** 32 + (packed.low >>> 0)));
    }
  }
}
