import { probabilitiesOf } from '../../tensor/softmax';
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
  const all = Array.from({ length: classes }, (_, index) => index);
  for (let start = 0; start < logits.length; start += classes)
    scores.set(probabilitiesOf(logits.subarray(start, start + classes), all), start);
  return scores;
}
