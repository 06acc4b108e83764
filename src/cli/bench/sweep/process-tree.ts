import { readdir, readFile } from 'node:fs/promises';

/** Ticks per second of the times in proc_pid_stat(5); Linux has no other value for programs. */
const TICKS = 100;

/** CPU time that the process `root` and its descendants have used, in seconds. Undefined where the system does not report it. */
export async function cpuSeconds(root: number): Promise<number | undefined> {
  const entries = await readdir('/proc').catch(() => []);
  const processes = await Promise.all(entries.filter((name) => /^\d+$/.test(name)).map(statOf));
  const known = processes.filter((stat) => stat !== undefined);
  const family = new Set([root]);
  let ticks = 0;
  // A child may come before its parent, where numbers have started again.
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { pid, parent } of known) if (family.has(parent)) family.add(pid);
  }
  for (const stat of known) if (family.has(stat.pid)) ticks += stat.ticks;
  return known.length === 0 ? undefined : ticks / TICKS;
}

async function statOf(pid: string): Promise<{ pid: number; parent: number; ticks: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in parentheses, may contain spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 13) return undefined;
  return { pid: Number(pid), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}
