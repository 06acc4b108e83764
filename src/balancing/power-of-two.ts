/** A target with the requests that it has. */
export interface Loaded {
  /** Requests in flight. */
  readonly inFlight: number;
  /** Weight at this moment; above 0. */
  readonly share: number;
}

/**
 * Chooses one of two random candidates: the one with fewer requests in flight in relation to its share. Of two equal ones it
 * takes the first. Candidates are drawn by their share, so an idle fleet gets its requests in the proportion of the shares.
 * @returns undefined if there are no candidates.
 */
export function powerOfTwo<T extends Loaded>(candidates: readonly T[], random: () => number): T | undefined {
  if (candidates.length < 2) return candidates[0];
  let total = 0;
  for (const { share } of candidates) total += share;
  const first = draw(candidates, undefined, random() * total);
  const second = draw(candidates, first, random() * (total - first.share));
  return second.inFlight * first.share < first.inFlight * second.share ? second : first;
}

/** The candidate, apart from `without`, in whose share `point` lies. */
function draw<T extends Loaded>(candidates: readonly T[], without: T | undefined, point: number): T {
  let last = candidates[0]!;
  for (const candidate of candidates) {
    if (candidate === without) continue;
    last = candidate;
    point -= candidate.share;
    if (point < 0) break;
  }
  return last;
}
