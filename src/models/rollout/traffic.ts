import { createHash } from 'node:crypto';

/** A version that is shown requests which another answers, to compare what it makes of them. */
export interface Shadow {
  /** A version, or an alias of one. */
  readonly version: string;
  /** How many of the requests that name no version: 0 for none, 1 for all. */
  readonly share: number;
}

/** How requests that name no version are shared out. */
export interface Traffic {
  /** Shares by version or alias, in any unit; at least one is more than 0. */
  readonly weights: Readonly<Record<string, number>>;
  /** Whether one caller stays with one version. */
  readonly sticky: boolean;
  readonly shadow?: Shadow;
}

/** A version with its weight, which is more than 0. */
export interface Weighted {
  readonly version: string;
  readonly weight: number;
}

/**
 * The version for `caller`: always the same while the weights are, and when they change only as many callers move as
 * must. Weighted rendezvous hashing: each version draws a number from its hash with the caller, and the largest wins.
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

/** A number between 0 and 1, neither of them itself. */
function fractionOf(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}

/**
 * Takes turns by weight, evenly mixed: of 10 choices with the weights 9 and 1, one is the second, whenever they begin.
 * Smooth weighted round-robin, as nginx does it.
 */
export class WeightedRoundRobin {
  private readonly credits = new Map<string, number>();

  /** The version whose turn it is; undefined without candidates. */
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
