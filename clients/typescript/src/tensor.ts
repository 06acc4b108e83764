/// <reference lib="esnext.float16" preserve="true" />

/** The elements of a tensor in row-major order, by its datatype in the Open Inference Protocol V2. */
export interface Elements {
  /** One byte each, 0 or 1. */
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  /** Answers hold a Float16Array where the runtime has that, otherwise the bits of each element. */
  FP16: Float16Array | Uint16Array;
  /** The bits of each element. */
  BF16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
  /** Text, which travels as UTF-8. */
  BYTES: readonly string[];
}

/** A datatype of the Open Inference Protocol V2. */
export type Datatype = keyof Elements;

/** A tensor of one of the datatypes `D`; as many elements as the product of its shape. */
export type Tensor<D extends Datatype = Datatype> = {
  readonly [One in D]: {
    readonly datatype: One;
    readonly shape: readonly number[];
    readonly data: Elements[One];
  };
}[D];

const DATATYPES = {
  Uint8Array: 'UINT8',
  Uint16Array: 'UINT16',
  Uint32Array: 'UINT32',
  BigUint64Array: 'UINT64',
  Int8Array: 'INT8',
  Int16Array: 'INT16',
  Int32Array: 'INT32',
  BigInt64Array: 'INT64',
  Float16Array: 'FP16',
  Float32Array: 'FP32',
  Float64Array: 'FP64',
} as const;

/** The datatype that a kind of array stands for unless another is named. */
export type DatatypeOf<Data> = Data extends { readonly [Symbol.toStringTag]: infer Kind }
  ? Kind extends keyof typeof DATATYPES
    ? (typeof DATATYPES)[Kind]
    : never
  : 'BYTES';

/**
 * A tensor of `data` in row-major order. Its datatype is that of the array, FP32 for a Float32Array and BYTES for strings;
 * name it for BOOL, FP16 and BF16 in arrays of bytes and bits. The data is not copied.
 *
 * @throws RangeError unless there are as many elements as the shape says.
 */
export function tensor<Data extends Elements[Datatype]>(
  data: Data,
  shape: readonly number[],
): Tensor<DatatypeOf<Data>>;
export function tensor<D extends Datatype>(
  data: Elements[D],
  shape: readonly number[],
  datatype: D,
): Tensor<D>;
export function tensor(
  data: Elements[Datatype],
  shape: readonly number[],
  datatype = naturalDatatype(data),
): object {
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count) {
    throw new RangeError(`expected ${count} elements for the shape [${shape.join()}], got ${data.length}`);
  }
  return { datatype, shape, data };
}

function naturalDatatype(data: Elements[Datatype]): Datatype {
  return Symbol.toStringTag in data ? DATATYPES[data[Symbol.toStringTag]] : 'BYTES';
}
