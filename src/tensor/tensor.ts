/** Bytes of one element of each datatype of the Open Inference Protocol V2; BYTES elements vary and count as 0. */
export const ELEMENT_BYTES = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
} as const;

/** A datatype by its Open Inference Protocol name. */
export type Datatype = keyof typeof ELEMENT_BYTES;

/** Dimensions, outermost first; `[]` is a scalar. In a {@link TensorSpec} a variable dimension is -1. */
export type Shape = readonly number[];

/** What a model says of one input or output. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
}

/**
 * A tensor as its bytes: little-endian, row-major, no padding, BOOL one byte (0 or 1). A BYTES element is a
 * uint32 length followed by that many bytes, as in the binary tensor data extension.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: Uint8Array;
}

/** Whether `name` is a datatype of the protocol that Nexus carries (all but BF16). */
export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(ELEMENT_BYTES, name);
}

/** Number of elements of `shape`; 1 for a scalar. Infinity when it is beyond what a number holds. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}
