/** An element that can be compared with others. */
export type Score = number | bigint;

/** Indexes of the `count` largest scores, in descending order of score, NaN last. */
export function largest(scores: ArrayLike<Score>, count: number): readonly number[] {
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    if (best.length === count && !isAbove(scores[index]!, scores[best[count - 1]!]!)) continue;
    best.splice(placeOf(scores[index]!, best, scores), 0, index);
    if (best.length > count) best.pop();
  }
  return best;
}

/** Insertion index of `score` in `best`, behind equal scores. */
function placeOf(score: Score, best: readonly number[], scores: ArrayLike<Score>): number {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAbove(score, scores[best[middle]!]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isAbove(one: Score, other: Score): boolean {
  return one > other || (Number.isNaN(other) && !Number.isNaN(one));
}
