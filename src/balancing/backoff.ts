/**
 * Returns the time in milliseconds to wait before a retry: random between 0 and a limit that doubles with each retry (full
 * jitter), so that requests that failed together do not return together.
 * @param retries that came before.
 * @param firstMs limit of the first wait.
 * @param mostMs maximum limit.
 * @param random number from 0 to 1.
 */
export function fullJitter(retries: number, firstMs: number, mostMs: number, random: number): number {
  return random * Math.min(mostMs, firstMs * 2 ** retries);
}
