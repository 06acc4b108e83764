import fc from 'fast-check';
import { TYPED_ARRAY } from '../../../src/tensor/typed-arrays';
import { bytesElements } from '../../fixtures/binary';
import { ELEMENT_BYTES, type Datatype, type Tensor } from '../../../src/tensor/tensor';

/** Every datatype that a tensor may have. */
export const DATATYPES = Object.keys(ELEMENT_BYTES) as Datatype[];

/** A tensor of fixed-size elements that are `values`. */
export function tensorOf(datatype: Exclude<Datatype, 'BYTES'>, values: readonly (number | bigint)[]): Tensor {
  const Elements = TYPED_ARRAY[datatype] as { from(values: readonly unknown[]): { buffer: ArrayBuffer } };
  const array = Elements.from(values);
  return { name: 'x', datatype, shape: [values.length], data: new Uint8Array(array.buffer) };
}

/** A tensor of BYTES elements that are `texts`. */
export function bytesTensor(texts: readonly string[]): Tensor {
  return { name: 'x', datatype: 'BYTES', shape: [texts.length], data: bytesElements(texts) };
}

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed());

const bigint = (min: bigint, max: bigint) =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n));

/** Tensors of `datatype` with any values that it has: NaN, infinities, -0, the extremes, none at all. */
export function anyTensor(datatype: Datatype, size: fc.ArrayConstraints = {}): fc.Arbitrary<Tensor> {
  switch (datatype) {
    case 'BYTES':
      return fc.array(text, size).map(bytesTensor);
    case 'BOOL':
      return fc.array(fc.constantFrom(0, 1), size).map((values) => tensorOf(datatype, values));
    case 'INT64':
      return fc.array(bigint(-(2n ** 63n), 2n ** 63n - 1n), size).map((values) => tensorOf(datatype, values));
    case 'UINT64':
      return fc.array(bigint(0n, 2n ** 64n - 1n), size).map((values) => tensorOf(datatype, values));
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return fc.array(fc.oneof(fc.float(), fc.double()), size).map((values) => tensorOf(datatype, values));
    default:
      // Every pattern of bits is a value.
      return fc.array(fc.integer(), size).map((values) => tensorOf(datatype, values));
  }
}

/** Any tensor. */
export const tensor: fc.Arbitrary<Tensor> = fc
  .constantFrom(...DATATYPES)
  .chain((datatype) => anyTensor(datatype));

/** The tensor with every NaN in one form; JSON has only one, and bits of a NaN mean nothing to a model. */
export function withOneNaN(value: Tensor): Tensor {
  const bytes = new Uint8Array(value.data).buffer;
  if (value.datatype === 'FP64')
    return { ...value, data: tensorOf('FP64', [...new Float64Array(bytes)].map(canonical)).data };
  if (value.datatype === 'FP32')
    return { ...value, data: tensorOf('FP32', [...new Float32Array(bytes)].map(canonical)).data };
  if (value.datatype === 'FP16')
    return { ...value, data: tensorOf('FP16', [...new Float16Array(bytes)].map(canonical)).data };
  return { ...value, data: new Uint8Array(bytes) };
}

function canonical(value: number): number {
  return Number.isNaN(value) ? NaN : value;
}
