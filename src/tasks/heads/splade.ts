import type { TokenTensor } from './token-tensor';

/**
 * The weight of each word of the vocabulary in each text, [rows, size]: the maximum of log(1 + relu(logit)) over the tokens
 * of the text (SPLADE, Formal et al., 2021).
 */
export function splade({ values, rows, tokens, size, mask }: TokenTensor): Float32Array {
  const weights = new Float32Array(rows * size);
  for (let place = 0; place < rows * tokens; place++) {
    if (mask[place] === 0) continue;
    const start = Math.floor(place / tokens) * size;
    // Both functions are monotonic, so they can follow the maximum.
    for (let index = 0; index < size; index++) {
      const logit = values[place * size + index]!;
      if (logit > weights[start + index]!) weights[start + index] = logit;
    }
  }
  for (let index = 0; index < weights.length; index++)
    if (weights[index]! > 0) weights[index] = Math.log1p(weights[index]!);
  return weights;
}
