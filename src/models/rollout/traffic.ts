import { createHash } from 'node:crypto';

/** A version that receives copies of requests handled by other versions, to compare the responses. */
export interface Shadow {
  /** A version, or an alias of one. */
  readonly version: string;
  /** Share of the requests without a version, from 0 for none to 1 for all. */
  readonly share: number;
}

/** How requests without a version are split between versions. */
export interface Traffic {
  /** Weights by version or alias, in any unit; at least one is greater than 0. */
  readonly weights: Readonly<Record<string, number>>;
  /** Whether requests of one caller always use the same version. */
  readonly sticky: boolean;
  readonly shadow?: Shadow;
}

/** A version with a weight greater than 0. */
export interface Weighted {
  readonly version: string;
  readonly weight: number;
}

/**
 * Selects the version for `caller`. The result is stable as long as the weights are, and a change of the weights moves as
 * few callers as possible. Uses weighted rendezvous hashing: each version gets a score from its hash with the caller,
 * and the highest score wins.
 */
export function stickyChoice(candidates: readonly Weighted[], caller: string): string | undefined {
  let chosen: string | undefined;
  let best = -Infinity;
  for (const { version, weight } of candidates) {
    const score = weight / -Math.log(fractionOf(`${version} ${caller}`));
    if (score > best) [chosen, best] = [version, score];
  }
  return chosen;
}

/** A number between 0 and 1, both exclusive. */
function fractionOf(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}

/**
 * Smooth weighted round-robin, as in nginx: selects versions by weight, evenly interleaved. With the weights 9 and 1,
 * any 10 consecutive selections contain the second version exactly once.
 */
export class WeightedRoundRobin {
  private readonly credits = new Map<string, number>();

  /** Selects the next version; undefined without candidates. */
  next(candidates: readonly Weighted[]): string | undefined {
    let chosen: string | undefined;
    let best = -Infinity;
    let total = 0;
    for (const { version, weight } of candidates) {
      const credit = (this.credits.get(version) ?? 0) + weight;
      this.credits.set(version, credit);
      total += weight;
      if (credit > best) [chosen, best] = [version, credit];
    }
    if (chosen !== undefined) this.credits.set(chosen, best - total);
    return chosen;
  }
}
