/**
 * The quantile `q` of a histogram, interpolated within its bucket as Prometheus does; undefined without values. A value above
 * the last bound counts as that bound.
 * @param bounds inclusive upper bounds of the buckets, ascending.
 * @param counts values in each bucket, the last of which has no bound.
 */
export function quantile(
  bounds: readonly number[],
  counts: ArrayLike<number>,
  q: number,
): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]!;
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (let bucket = 0; bucket < bounds.length; bucket++) {
    const count = counts[bucket]!;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[bucket - 1] ?? 0;
      return lower + ((bounds[bucket]! - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1)!;
}
