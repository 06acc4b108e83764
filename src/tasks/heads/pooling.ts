import type { Pooling } from '../head';
import type { TokenTensor } from './token-tensor';

/** Smallest divisor of a mean, so that a row without tokens gives zeros. */
const MIN_WEIGHT = 1e-9;

/** Smallest divisor of a normalisation, so that a vector of zeros stays one. */
const MIN_NORM = 1e-12;

/** Writes the pooled vector of row `row` to `pooled`, which is all zeros. */
type Pool = (tokens: TokenTensor, row: number, pooled: Float64Array) => void;

/** Poolings as in sentence-transformers. A row whose tokens are all masked gives zeros. */
const POOLS: Readonly<Record<Pooling, Pool>> = {
  mean: (tokens, row, pooled) => weighted(tokens, row, pooled, one, (weight) => weight),
  mean_sqrt_len: (tokens, row, pooled) => weighted(tokens, row, pooled, one, Math.sqrt),
  // Later tokens count more: the weight is the position, from 1 on.
  weighted_mean: (tokens, row, pooled) =>
    weighted(
      tokens,
      row,
      pooled,
      (token) => token + 1,
      (weight) => weight,
    ),
  // Found by the mask, because padding on the left moves them.
  cls: (tokens, row, pooled) => copy(tokens, row, pooled, maskOf(tokens, row).indexOf(1)),
  last_token: (tokens, row, pooled) => copy(tokens, row, pooled, maskOf(tokens, row).lastIndexOf(1)),
  max: ({ values, tokens, size, mask }, row, pooled) => {
    let isFirst = true;
    for (let token = row * tokens; token < (row + 1) * tokens; token++) {
      if (mask[token] === 0) continue;
      for (let index = 0; index < size; index++) {
        const value = values[token * size + index]!;
        pooled[index] = isFirst ? value : Math.max(pooled[index]!, value);
      }
      isFirst = false;
    }
  },
};

/** Pools the tokens of each row: [rows, size], or [rows, size × poolings] if there are several, in their order. */
export function pool(tokens: TokenTensor, poolings: readonly Pooling[]): Float32Array {
  const { rows, size } = tokens;
  const result = new Float32Array(rows * size * poolings.length);
  const pooled = new Float64Array(size);
  for (let row = 0; row < rows; row++) {
    for (const [index, name] of poolings.entries()) {
      POOLS[name](tokens, row, pooled.fill(0));
      result.set(pooled, (row * poolings.length + index) * size);
    }
  }
  return result;
}

/** Scales each row of `size` numbers to length 1 (L2). A row of zeros stays one. */
export function normalized(vectors: Float32Array, size: number): Float32Array {
  const result = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += size) {
    let squares = 0;
    for (let index = start; index < start + size; index++) squares += vectors[index]! ** 2;
    const norm = Math.max(Math.sqrt(squares), MIN_NORM);
    for (let index = start; index < start + size; index++) result[index] = vectors[index]! / norm;
  }
  return result;
}

function one(): number {
  return 1;
}

/** The sum of the tokens by weight, divided by what `divisorOf` makes of the sum of the weights. */
function weighted(
  { values, tokens, size, mask }: TokenTensor,
  row: number,
  pooled: Float64Array,
  weightOf: (token: number) => number,
  divisorOf: (weight: number) => number,
): void {
  let total = 0;
  for (let token = 0; token < tokens; token++) {
    const place = row * tokens + token;
    if (mask[place] === 0) continue;
    const weight = weightOf(token);
    total += weight;
    const start = place * size;
    for (let index = 0; index < size; index++) pooled[index]! += values[start + index]! * weight;
  }
  const divisor = divisorOf(Math.max(total, MIN_WEIGHT));
  for (let index = 0; index < size; index++) pooled[index]! /= divisor;
}

/** Copies the vector of one token; none if `token` is -1. */
function copy({ values, tokens, size }: TokenTensor, row: number, pooled: Float64Array, token: number): void {
  if (token < 0) return;
  const start = (row * tokens + token) * size;
  pooled.set(values.subarray(start, start + size));
}

function maskOf({ tokens, mask }: TokenTensor, row: number): Uint8Array {
  return mask.subarray(row * tokens, (row + 1) * tokens);
}
