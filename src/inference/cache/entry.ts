import { isDatatype, type Tensor } from '../../tensor/tensor';

/** A tensor in the header of an entry. */
type Form = Omit<Tensor, 'data'> & { readonly byteLength: number };

/** Encodes `outputs`: the length of the header as little-endian uint32, the header as JSON, and the data of each output. */
export function encodeEntry(outputs: readonly Tensor[]): Buffer {
  const forms = outputs.map(({ name, datatype, shape, data }): Form => {
    return { name, datatype, shape, byteLength: data.byteLength };
  });
  const head = Buffer.from(JSON.stringify(forms));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  return Buffer.concat([length, head, ...outputs.map(({ data }) => data)]);
}

/** Decodes the outputs of `entry`, as views of it; undefined if it is malformed, because others may write to the store. */
export function decodeEntry(entry: Buffer): readonly Tensor[] | undefined {
  if (entry.byteLength < 4) return undefined;
  let position = 4 + entry.readUInt32LE();
  const forms = formsOf(entry.toString('utf8', 4, position));
  if (forms === undefined) return undefined;
  const outputs = forms.map(({ name, datatype, shape, byteLength }) => {
    const data = entry.subarray(position, (position += byteLength));
    return { name, datatype, shape, data };
  });
  return position === entry.byteLength ? outputs : undefined;
}

function formsOf(head: string): readonly Form[] | undefined {
  try {
    const forms: unknown = JSON.parse(head);
    return Array.isArray(forms) && forms.every(isForm) ? forms : undefined;
  } catch {
    return undefined;
  }
}

function isForm(value: unknown): value is Form {
  const { name, datatype, shape, byteLength } = (value ?? {}) as Partial<Record<keyof Form, unknown>>;
  return (
    typeof name === 'string' &&
    typeof datatype === 'string' &&
    isDatatype(datatype) &&
    Array.isArray(shape) &&
    [...(shape as unknown[]), byteLength].every((size) => Number.isSafeInteger(size) && Number(size) >= 0)
  );
}
