import { ELEMENT_BYTES, elementCount, type Datatype, type TensorHead } from '../tensor/tensor';
import { LENGTH_BYTES, requireText, writeElement } from '../tensor/elements';
import { TYPED_ARRAY } from '../tensor/typed-arrays';
import { WireReader, type MessageErrors } from './wire-reader';

/** Names of the fields of InferTensorContents, by field number. */
const NAMES = [
  '',
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
];

/** Maximum number of unpacked values, such as strings: iterating over many more would block the event loop. */
const MAX_VALUES = 2 ** 20;

/** The field of each datatype. Half floats have none. */
const FIELD: Readonly<Partial<Record<Datatype, number>>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

/**
 * Converts the elements in the parts of an InferTensorContents to the bytes of a tensor. Floats that arrived in one
 * piece are returned as a view.
 *
 * @param anyBytes whether BYTES may be other than text.
 * @throws an error of `errors` if the elements are in the wrong field, do not match the shape, or are out of range.
 */
export function readTyped(
  parts: readonly Buffer[],
  head: TensorHead,
  path: string,
  anyBytes: boolean,
  errors: MessageErrors,
): Uint8Array {
  const field = FIELD[head.datatype];
  if (field === undefined)
    throw errors.invalid(`${path}: no field supports ${head.datatype}; send it in ${errors.rawField}`, path);
  const contents = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const values = new Values(contents, field, `${path}.${NAMES[field]}`, errors);
  values.requireNoOther(head.datatype, path);
  if (head.datatype === 'BYTES') return values.strings(head, anyBytes);
  return field >= 6 ? values.floats(head) : values.integers(head);
}

/** The values of one field of a message, packed or not. */
class Values {
  constructor(
    private readonly bytes: Buffer,
    private readonly field: number,
    private readonly path: string,
    private readonly errors: MessageErrors,
  ) {}

  /** @throws an error if another field has values, or the contents have too many. */
  requireNoOther(datatype: Datatype, path: string): void {
    const reader = new WireReader(this.bytes, this.errors);
    for (let count = 1; reader.next(); count++) {
      if (count > MAX_VALUES) throw this.tooMany();
      const name = NAMES[reader.field];
      if (reader.field === this.field || name === undefined || reader.start === reader.end) continue;
      throw this.errors.invalid(`${path}: expected ${NAMES[this.field]} for ${datatype}, got ${name}`, path);
    }
  }

  floats(head: TensorHead): Uint8Array {
    const size = ELEMENT_BYTES[head.datatype];
    let length = 0;
    this.each((start, end) => (length += end - start));
    this.requireCount(length / size, head);
    let data: Buffer = Buffer.alloc(0);
    let at = 0;
    this.each((start, end) => {
      if (end - start === length) data = this.bytes.subarray(start, end);
      else {
        if (data.length === 0) data = Buffer.allocUnsafe(length);
        at += this.bytes.copy(data, at, start, end);
      }
    });
    return data;
  }

  integers(head: TensorHead): Uint8Array {
    let count = 0;
    this.each((start, end) => {
      for (let at = start; at < end; at++) if (this.bytes[at]! < 0x80) count++;
    });
    this.requireCount(count, head);
    if (ELEMENT_BYTES[head.datatype] === 8) return this.words(count);
    const array = new TYPED_ARRAY[head.datatype as 'INT32'](count);
    const signed = this.field === 2;
    let index = 0;
    this.eachVarint(({ low, high }) => {
      const value = this.field === 1 ? Number((low | high) !== 0) : signed ? low : low >>> 0;
      array[index] = value;
      if (array[index] !== value) throw this.outOfRange(index, value, head);
      index++;
    });
    return new Uint8Array(array.buffer);
  }

  strings(head: TensorHead, anyBytes: boolean): Uint8Array {
    let count = 0;
    let length = 0;
    this.each((start, end) => {
      count++;
      length += LENGTH_BYTES + end - start;
    });
    this.requireCount(count, head);
    const data = Buffer.allocUnsafe(length);
    let index = 0;
    let at = 0;
    this.each((start, end) => {
      const element = index++;
      if (!anyBytes) requireText(this.bytes, start, end, this.path, () => `${this.path}, element ${element}`);
      at = writeElement(data, at, this.bytes, start, end);
    });
    return data;
  }

  private words(count: number): Uint8Array {
    const array = new Int32Array(2 * count);
    let index = 0;
    this.eachVarint(({ low, high }) => {
      array[index++] = low;
      array[index++] = high;
    });
    return new Uint8Array(array.buffer);
  }

  private each(visit: (start: number, end: number) => void): void {
    const reader = new WireReader(this.bytes, this.errors);
    while (reader.next()) if (reader.field === this.field) visit(reader.start, reader.end);
  }

  private eachVarint(visit: (varint: { low: number; high: number }) => void): void {
    const reader = new WireReader(this.bytes, this.errors);
    this.each((start, end) => {
      for (let at = start; at < end;) {
        at = reader.varint(at);
        visit(reader);
      }
    });
  }

  private requireCount(count: number, { shape }: TensorHead): void {
    const expected = elementCount(shape);
    if (count === expected) return;
    throw this.errors.invalid(
      `${this.path}: expected ${expected} elements for shape [${shape.join(',')}], got ${count}; send all elements, or use ${this.errors.rawField}`,
      this.path,
    );
  }

  private tooMany(): Error {
    return this.errors.invalid(
      `${this.path}: expected at most ${MAX_VALUES} unpacked elements; send the tensor in ${this.errors.rawField}`,
      this.path,
    );
  }

  private outOfRange(index: number, value: number, { datatype }: TensorHead): Error {
    return this.errors.invalid(
      `${this.path}[${index}]: expected a value in the range of ${datatype}, got ${value}`,
      this.path,
    );
  }
}
