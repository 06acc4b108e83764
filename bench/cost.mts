import { processOf } from './processes.mts';

/** CPU time that a process has used, all its threads together, user and system, in milliseconds. */
export function cpuMsOf(pid: number): number {
  return processOf(pid)!.cpuMs;
}

/** The element of `values` that a share of `quantile` of them does not exceed. */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!;
}
