import { readFileSync } from 'node:fs';

/** Ticks of /proc/<pid>/stat in a second, on all common systems. */
const TICKS = 100;

/** CPU time that a process has used, all its threads together, user and system, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the process, in parentheses, can contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** The element of `values` that a share of `quantile` of them does not exceed. */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!;
}
