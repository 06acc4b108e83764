/// <reference lib="es2025.float16" />

/** Typed array of each datatype of fixed size. BOOL uses bytes. */
export const TYPED_ARRAY = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/** Any of {@link TYPED_ARRAY}. */
export type AnyTypedArray = InstanceType<(typeof TYPED_ARRAY)[keyof typeof TYPED_ARRAY]>;

/** Views `data` as elements of `datatype`. Copies it if it is not aligned to the element size. */
export function typedView<D extends keyof typeof TYPED_ARRAY>(
  data: Uint8Array,
  datatype: D,
): InstanceType<(typeof TYPED_ARRAY)[D]> {
  const Elements = TYPED_ARRAY[datatype] as unknown as new (
    buffer: ArrayBuffer,
    byteOffset: number,
    length: number,
  ) => InstanceType<(typeof TYPED_ARRAY)[D]>;
  const size = TYPED_ARRAY[datatype].BYTES_PER_ELEMENT;
  const aligned = data.byteOffset % size === 0 ? data : new Uint8Array(data);
  return new Elements(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}
