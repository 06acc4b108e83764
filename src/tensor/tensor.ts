/** Element size in bytes of each datatype of the Open Inference Protocol V2; 0 for BYTES, whose size varies. */
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

/** Dimensions, outermost first; `[]` is a scalar. In a {@link TensorSpec}, -1 is a variable dimension. */
export type Shape = readonly number[];

/** Maximum number of dimensions of a tensor in a message. */
export const MAX_DIMENSIONS = 32;

/** Specification of an input or output of a model. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** What the elements of a BYTES tensor contain; plain text if absent. Encoded pictures can have any bytes. */
  readonly content?: 'picture' | 'json';
}

/**
 * A tensor and its data: little-endian, row-major, without padding; BOOL is one byte, 0 or 1. A BYTES element is a
 * uint32 length followed by that many bytes, as in the binary tensor data extension.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: Uint8Array;
}

/** A tensor without its data. */
export type TensorHead = Omit<Tensor, 'data'>;

/** Whether `name` is a datatype of the protocol that Nexus supports: all except BF16. */
export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(ELEMENT_BYTES, name);
}

/** Number of elements of `shape`; 1 for a scalar. Infinity if it exceeds the range of a number. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}
