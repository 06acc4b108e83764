import { readdir, readFile } from 'node:fs/promises';

/** Ticks per second of the times in proc_pid_stat(5); Linux has no other value for programs. */
const TICKS = 100;

/**
 * CPU time that the process `root` and each of its descendants have used, in seconds by process id. Empty where the system
 * does not report it.
 */
export async function cpuTimes(root: number): Promise<ReadonlyMap<number, number>> {
  const entries = await readdir('/proc').catch(() => []);
  const processes = await Promise.all(entries.filter((name) => /^\d+$/.test(name)).map(statOf));
  const known = processes.filter((stat) => stat !== undefined);
  const family = new Set([root]);
  // A child may come before its parent, where numbers have started again.
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { pid, parent } of known) if (family.has(parent)) family.add(pid);
  }
  return new Map(known.filter(({ pid }) => family.has(pid)).map(({ pid, ticks }) => [pid, ticks / TICKS]));
}

/** CPU time between two readings, in seconds. Processes that have ended meanwhile do not count. Undefined if the last one is empty. */
export function cpuBetween(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number | undefined {
  if (after.size === 0) return undefined;
  let sum = 0;
  for (const [pid, seconds] of after) sum += seconds - (before.get(pid) ?? 0);
  return sum;
}

async function statOf(pid: string): Promise<{ pid: number; parent: number; ticks: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in parentheses, may contain spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 13) return undefined;
  return { pid: Number(pid), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}
