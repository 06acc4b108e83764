import type { OnnxMetadata } from '../messages';
import type { ProtobufField, ProtobufFileReader } from './wire';

/** Texts are truncated to this length, because metadata may contain whole licences or class tables. */
const MAX_TEXT_BYTES = 4096;

/** Maximum number of operator sets, and of metadata properties, to keep. */
const MAX_ENTRIES = 128;

/** Reads the metadata of the ModelProto `model`. @throws Error if it is not valid. */
export function onnxMetadataOf(reader: ProtobufFileReader, model: ProtobufField): OnnxMetadata {
  const excerpt = new Excerpt(reader);
  const graph = reader.last(model, 7);
  const metadata = {
    irVersion: Number(excerpt.integer(model, 1)),
    producerName: excerpt.text(model, 2),
    producerVersion: excerpt.text(model, 3),
    domain: excerpt.text(model, 4),
    modelVersion: String(excerpt.integer(model, 5)),
    docString: excerpt.text(model, 6),
    graphName: graph === undefined ? '' : excerpt.text(graph, 2),
    opsets: excerpt.record(model, 8, (opset) => [
      excerpt.text(opset, 1) || 'ai.onnx',
      Number(excerpt.integer(opset, 2)),
    ]),
    properties: excerpt.record(model, 14, (entry) => [excerpt.text(entry, 1), excerpt.text(entry, 2)]),
  };
  return { ...metadata, isCut: excerpt.isCut };
}

/** Reads fields, truncates what is too long, and records whether it did. */
class Excerpt {
  isCut = false;

  constructor(private readonly reader: ProtobufFileReader) {}

  /** The text in field `number` of `message`; empty if the field is absent. */
  text(message: ProtobufField, number: number): string {
    const field = this.reader.last(message, number);
    if (field === undefined) return '';
    if (field.end - field.start > MAX_TEXT_BYTES) this.isCut = true;
    return this.reader.text(field, MAX_TEXT_BYTES);
  }

  /** The integer in field `number` of `message`; 0 if the field is absent. */
  integer(message: ProtobufField, number: number): bigint {
    const field = this.reader.last(message, number);
    return field === undefined ? 0n : this.reader.int64(field);
  }

  /** The entries in the repeated field `number` of `message`. The last entry of a key wins. */
  record<T>(
    message: ProtobufField,
    number: number,
    entryOf: (field: ProtobufField) => [string, T],
  ): Record<string, T> {
    const entries: [string, T][] = [];
    for (const field of this.reader.fields(message)) {
      if (field.number !== number) continue;
      if (entries.length < MAX_ENTRIES) entries.push(entryOf(field));
      else this.isCut = true;
    }
    return Object.fromEntries(entries);
  }
}
