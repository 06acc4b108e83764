import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the files in /proc in a second, on all common systems. */
export const TICKS = 100;

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** At most 15 characters. */
  readonly name: string;
  /** CPU time of all its threads, user and system. */
  readonly cpuMs: number;
  /** CPU time of its children that have ended, and of theirs. */
  readonly endedMs: number;
}

/** All processes of this machine, by process id. */
export function allProcesses(): Map<number, Process> {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processOf(Number(name)))
    .filter((process) => process !== undefined);
  return new Map(found.map((process) => [process.pid, process]));
}

/** Those of `processes` that are `root` or its descendants. */
export function treeOf(root: number, processes: ReadonlyMap<number, Process>): Process[] {
  const belongs = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent;
    return pid === root || (parent !== undefined && belongs(parent));
  };
  return [...processes.values()].filter(({ pid }) => belongs(pid));
}

/** The process `pid`, or undefined if it has ended. */
export function processOf(pid: number): Process | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in parentheses, can contain spaces and parentheses.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf('(') + 1, end),
    cpuMs: msOf(fields[11], fields[12]),
    endedMs: msOf(fields[13], fields[14]),
  };
}

function msOf(...ticks: readonly (string | undefined)[]): number {
  return (ticks.reduce((sum, count) => sum + Number(count), 0) * 1000) / TICKS;
}
