/**
 * Probabilities (softmax) of the classes at `indexes`, from the logits of all classes. All are NaN if a logit is NaN.
 */
export function probabilitiesOf(logits: ArrayLike<number>, indexes: readonly number[]): number[] {
  let top = -Infinity;
  for (let index = 0; index < logits.length; index++) top = Math.max(top, logits[index]!);
  let sum = 0;
  for (let index = 0; index < logits.length; index++) sum += Math.exp(logits[index]! - top);
  return indexes.map((index) => Math.exp(logits[index]! - top) / sum);
}
