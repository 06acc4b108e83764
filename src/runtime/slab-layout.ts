import type { SlabTensor } from './messages';
import type { Datatype, Shape } from '../tensor/tensor';

/** A tensor to write, whose bytes may be in several chunks. */
export interface PackedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly chunks: readonly Uint8Array[];
}

/** Alignment of tensors in bytes, so that any typed array can view them in place. */
const ALIGNMENT = 8;

const PADDING = new Uint8Array(ALIGNMENT);

/**
 * Lays out tensors consecutively from `start`, a multiple of 8. Returns their locations, the chunks to write, including
 * padding, and the end offset, again a multiple of 8.
 */
export function layOut(
  tensors: readonly PackedTensor[],
  start: number,
): { tensors: SlabTensor[]; chunks: Uint8Array[]; end: number } {
  const chunks: Uint8Array[] = [];
  let end = start;
  const placed = tensors.map(({ name, datatype, shape, chunks: pieces }) => {
    const offset = end;
    for (const piece of pieces) {
      chunks.push(piece);
      end += piece.byteLength;
    }
    const byteLength = end - offset;
    const padding = -end & (ALIGNMENT - 1);
    if (padding > 0) chunks.push(PADDING.subarray(0, padding));
    end += padding;
    return { name, datatype, shape, offset, byteLength };
  });
  return { tensors: placed, chunks, end };
}
