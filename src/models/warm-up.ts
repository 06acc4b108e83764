import type { PackedTensor } from '../runtime/slab-layout';
import { ELEMENT_BYTES, elementCount, type TensorSpec } from '../runtime/tensor';
import type { WarmUp } from './model-settings';

/** The inputs of each warm-up run: zeros, or empty strings, of the shapes asked for. */
export function warmUpRuns(inputs: readonly TensorSpec[], runs: readonly WarmUp[]): PackedTensor[][] {
  return runs.map(({ rows, dims = 1 }) => inputs.map((input) => zeros(input, rows, dims)));
}

function zeros({ name, datatype, shape }: TensorSpec, rows: number, dims: number): PackedTensor {
  const concrete = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : dims));
  // An empty string is four bytes of zero: its length.
  const elementBytes = datatype === 'BYTES' ? 4 : ELEMENT_BYTES[datatype];
  return { name, datatype, shape: concrete, chunks: [new Uint8Array(elementCount(concrete) * elementBytes)] };
}
