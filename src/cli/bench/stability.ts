import type { Window } from './window';

/** Windows that must agree. */
export const STABLE_WINDOWS = 3;

/** Ratio of the largest to the smallest value of windows that agree. */
const WITHIN = 1.1;

/** Whether the last three of `windows` agree: their throughputs and their mean latencies are within 10 %. */
export function isStable(windows: readonly Window[]): boolean {
  const last = windows.slice(-STABLE_WINDOWS);
  if (last.length < STABLE_WINDOWS) return false;
  return spread(last.map(({ rate }) => rate)) <= WITHIN && spread(last.map(({ mean }) => mean)) <= WITHIN;
}

/** Ratio of the largest to the smallest of `values`; Infinity if one is 0. */
export function spread(values: readonly number[]): number {
  const least = Math.min(...values);
  return least > 0 ? Math.max(...values) / least : Infinity;
}

/** The median of `values`, which has at least one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
