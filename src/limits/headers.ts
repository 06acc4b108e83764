import type { CountedUnit } from './counter';
import type { Standing } from './verdict';

/** What the headers of a response say about one limit, independent of their form. */
export interface LimitHeader {
  /** Name of the limit: `key_rows_per_minute`. */
  readonly policy: string;
  readonly unit: CountedUnit;
  readonly limit: number;
  /** undefined for requests in flight. */
  readonly windowS: number | undefined;
  readonly remaining: number;
  /** Whole seconds until the whole limit is available again. */
  readonly resetS: number;
}

/** The values of the headers for `standing`. */
export function headerOf({ counter, remaining, resetMs }: Standing): LimitHeader {
  const { policy, unit, limit, windowMs } = counter;
  return {
    policy,
    unit,
    limit,
    windowS: windowMs === Infinity ? undefined : windowMs / 1000,
    remaining,
    resetS: secondsOf(resetMs),
  };
}

/** The standing of `unit` with the fewest units left, which limits the client first; undefined if none counts it. */
export function tightest(standings: readonly Standing[], unit: CountedUnit): Standing | undefined {
  let least: Standing | undefined;
  for (const standing of standings)
    if (standing.counter.unit === unit && (least === undefined || standing.remaining < least.remaining))
      least = standing;
  return least;
}

/** Rounds up to whole seconds, so that a client that waits as long does not come too early. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms / 1000);
}
