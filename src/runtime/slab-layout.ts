import type { TensorPlace } from './messages';
import type { Datatype, Shape } from '../tensor/tensor';

/** A tensor to write, whose bytes may be in several chunks. */
export interface PackedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly chunks: readonly Uint8Array[];
}

/** Tensors with their places in memory, and the bytes to write there. */
export interface TensorLayout {
  readonly tensors: readonly TensorPlace[];
  /** The bytes from `start` to `end`, including padding. */
  readonly chunks: readonly Uint8Array[];
  /** A multiple of 8. */
  readonly start: number;
  /** A multiple of 8. */
  readonly end: number;
}

/** Alignment of tensors in bytes, so that any typed array can view them in place. */
const ALIGNMENT = 8;

const PADDING = new Uint8Array(ALIGNMENT);

/** The multiple of 8 at or after `offset`. */
export function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** End of the bytes of the last of `tensors`; `start` if there is none. */
export function endOf(tensors: readonly TensorPlace[], start: number): number {
  const last = tensors.at(-1);
  return last === undefined ? start : last.offset + last.byteLength;
}

/** Lays out tensors consecutively from `start`, a multiple of 8. Each starts at a multiple of 8. */
export function layOut(tensors: readonly PackedTensor[], start: number): TensorLayout {
  const chunks: Uint8Array[] = [];
  let end = start;
  const placed = tensors.map(({ name, datatype, shape, chunks: pieces }) => {
    const offset = end;
    for (const piece of pieces) {
      chunks.push(piece);
      end += piece.byteLength;
    }
    const byteLength = end - offset;
    const padding = align(end) - end;
    if (padding > 0) chunks.push(PADDING.subarray(0, padding));
    end += padding;
    return { name, datatype, shape, offset, byteLength };
  });
  return { tensors: placed, chunks, start, end };
}
