/** The class with the highest score of each row of `classes` scores; of equal scores, the first. */
export function bestClasses(
  scores: Float32Array,
  classes: number,
): { labels: BigInt64Array<ArrayBuffer>; scores: Float32Array } {
  const rows = classes === 0 ? 0 : scores.length / classes;
  const labels = new BigInt64Array(rows);
  const best = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    let highest = 0;
    for (let label = 1; label < classes; label++)
      if (scores[start + label]! > scores[start + highest]!) highest = label;
    labels[row] = BigInt(highest);
    best[row] = scores[start + highest]!;
  }
  return { labels, scores: best };
}
