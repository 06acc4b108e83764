import { limitError } from '../limits/limit-error';
import type { Passed, Standing, Verdict } from '../limits/verdict';

/**
 * What `verdict` has taken.
 * @param limited receives the limits that the request counted against, whether it passed or not.
 * @throws NexusError rate_limited, above_quota
 */
export function requirePassed(verdict: Verdict, limited: (standings: readonly Standing[]) => void): Passed {
  limited(verdict.standings);
  if (verdict.passed) return verdict;
  throw limitError(verdict);
}
