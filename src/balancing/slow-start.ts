/** Time in milliseconds until a target that is new, or has returned, gets its full weight. */
const RAMP_MS = 10_000;

/** Part of the weight at the beginning. */
const LEAST = 0.1;

/**
 * Returns the part of its weight that a target has, from 0.1 to 1. It rises over 10 s, because a server that has just started
 * has cold caches.
 * @param sinceMs time for which the target has been in use.
 */
export function slowStart(sinceMs: number): number {
  return sinceMs >= RAMP_MS ? 1 : Math.max(LEAST, sinceMs / RAMP_MS);
}
