import { normalized } from '../../tasks/heads/pooling';
import type { TaskOutputName } from '../../tasks/task-tensors';
import type { Tensor } from '../../tensor/tensor';
import { typedView } from '../../tensor/typed-arrays';

/** The output `name` of `outputs`, which a request has named. */
export function outputOf(outputs: readonly Tensor[], name: TaskOutputName): Tensor {
  return outputs.find((output) => output.name === name)!;
}

/** The rows of an output FP32 [rows, size]. */
export function rowsOf(output: Tensor): Float32Array[] {
  const values = typedView(output.data, 'FP32');
  const [rows = 0, size = 0] = output.shape;
  return Array.from({ length: rows }, (_, row) => values.subarray(row * size, (row + 1) * size));
}

/**
 * The vectors in an output FP32 [rows, size].
 * @param dimensions number of their first elements to keep; undefined for all.
 * @param scales whether each is then scaled to length 1.
 */
export function vectorsOf(output: Tensor, dimensions: number | undefined, scales: boolean): Float32Array[] {
  return rowsOf(output).map((row) => {
    const cut = dimensions === undefined ? row : row.subarray(0, dimensions);
    return scales ? normalized(cut, cut.length) : cut;
  });
}

/** The cosine of the angle between two vectors of the same size; 0 if one consists of zeros. */
export function cosine(one: Float32Array, other: Float32Array): number {
  const lengths = Math.sqrt(dot(one, one) * dot(other, other));
  return lengths === 0 ? 0 : dot(one, other) / lengths;
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += one[index]! * other[index]!;
  return sum;
}

/** `vector` as float32 values, little-endian, in base64. */
export function base64Of({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}

/** The sum of the output `tokens` INT64 [rows]: the number of tokens of all texts of a request. */
export function tokenCount(outputs: readonly Tensor[]): number {
  return typedView(outputOf(outputs, 'tokens').data, 'INT64').reduce((sum, count) => sum + Number(count), 0);
}
