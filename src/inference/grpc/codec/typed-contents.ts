import { errors } from '../../../common/errors';
import { elementCount, type Datatype } from '../../../runtime/tensor';
import { checkText } from '../../rest/codec/decode/binary-part';
import { TYPED_ARRAY } from '../../rest/codec/typed-arrays';
import type { Int64, InferTensorContents } from '../messages';
import type { TensorHead } from './decode-request';

/** The field that holds each datatype; half floats have none. */
const FIELD: Readonly<Partial<Record<Datatype, keyof InferTensorContents>>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

/**
 * The elements of `contents` as the bytes of a tensor.
 * @throws invalid when they are in another field, not as many as the tensor has, or out of the range of its datatype.
 */
export function readTyped(contents: InferTensorContents, head: TensorHead, path: string): Uint8Array {
  const { datatype, shape } = head;
  const field = fieldOf(contents, head, path);
  const values = contents[field] ?? [];
  const count = elementCount(shape);
  if (values.length !== count) {
    throw errors.invalidInput(
      `${path}.${field}: expected ${count} elements for shape [${shape.join(',')}], got ${values.length}; send them all, or in raw_input_contents`,
      `${path}.${field}`,
    );
  }
  if (datatype === 'BYTES') return strings(values as readonly Buffer[], `${path}.${field}`);
  if (datatype === 'INT64' || datatype === 'UINT64') return words(values as readonly Int64[]);
  return numbers(values as readonly number[], datatype, `${path}.${field}`);
}

function fieldOf(
  contents: InferTensorContents,
  { datatype }: TensorHead,
  path: string,
): keyof InferTensorContents {
  const field = FIELD[datatype];
  if (field === undefined)
    throw errors.invalidInput(
      `${path}: there is no field for ${datatype}; send it in raw_input_contents`,
      path,
    );
  const filled = Object.entries(contents).find(([name, list]) => name !== field && (list as []).length > 0);
  if (filled === undefined) return field;
  throw errors.invalidInput(`${path}: expected ${field} for ${datatype}, got ${filled[0]}`, path);
}

function numbers(
  values: readonly number[],
  datatype: Exclude<Datatype, 'BYTES' | 'INT64' | 'UINT64'>,
  path: string,
): Uint8Array {
  const array = TYPED_ARRAY[datatype].from(values);
  // Booleans become 0 and 1, and floats the nearest there is; other values must have stayed as they are.
  const narrow = datatype.endsWith('INT8') || datatype.endsWith('INT16');
  const strange = narrow ? values.findIndex((value, index) => array[index] !== value) : -1;
  if (strange >= 0) {
    throw errors.invalidInput(
      `${path}[${strange}]: expected a value in the range of ${datatype}, got ${values[strange]}`,
      path,
    );
  }
  return new Uint8Array(array.buffer);
}

function words(values: readonly Int64[]): Uint8Array {
  const array = new Int32Array(2 * values.length);
  for (let index = 0; index < values.length; index++) {
    const { low, high } = values[index]!;
    array[2 * index] = low;
    array[2 * index + 1] = high;
  }
  return new Uint8Array(array.buffer);
}

function strings(values: readonly Buffer[], path: string): Uint8Array {
  const data = Buffer.allocUnsafe(values.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    checkText(value, 0, value.length, `${path}[${index}]`, path);
    at = data.writeUInt32LE(value.length, at);
    at += value.copy(data, at);
  }
  return data;
}
