import type { Activation } from '../head';

/** The scores of `logits`, rows of `classes` numbers: softmax over each row, sigmoid of each number, or the logits. */
export function scoresOf(logits: Float32Array, classes: number, activation: Activation): Float32Array {
  switch (activation) {
    case 'none':
      return logits;
    case 'sigmoid':
      return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
    case 'softmax':
      return softmax(logits, classes);
  }
}

function softmax(logits: Float32Array, classes: number): Float32Array {
  const scores = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const end = start + classes;
    let largest = -Infinity;
    for (let index = start; index < end; index++) largest = Math.max(largest, logits[index]!);
    let sum = 0;
    // Without the largest, exp() of a large logit would overflow.
    for (let index = start; index < end; index++) sum += Math.exp(logits[index]! - largest);
    for (let index = start; index < end; index++) scores[index] = Math.exp(logits[index]! - largest) / sum;
  }
  return scores;
}
