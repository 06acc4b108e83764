import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, TICKS, treeOf, type Process } from './processes.mts';

/** Share of all cores that other processes may take while a benchmark runs. */
const LIMIT = 0.05;
const WAIT_SECONDS = 30;
/** Seconds between two messages. */
const REPORT_SECONDS = 5;
/** Number of processes that a message names. */
const NAMED = 3;
/** Characters of a command line that a message shows. */
const COMMAND_LENGTH = 50;

/** How much of the machine other processes took. */
export interface Others {
  /** Share of all cores, from 0 to 1, including time taken by a hypervisor. */
  readonly share: number;
  readonly isTooMuch: boolean;
  /** The share as a percentage, and the processes that took most of it. */
  readonly text: string;
}

/** Waits until other processes are idle, for at most half a minute. Resolves to the observation of the last second. */
export async function waitForQuiet(): Promise<Others> {
  for (let second = 1; ; second++) {
    const read = watchOthers();
    await delay(1000);
    const others = read();
    if (!others.isTooMuch || second >= WAIT_SECONDS) return others;
    if (second % REPORT_SECONDS === 1)
      process.stderr.write(`waiting for a quiet machine, ${second} of ${WAIT_SECONDS} s: ${others.text}\n`);
  }
}

/** Starts to observe all processes that this one did not start. Returns a function that reads the outcome. */
export function watchOthers(): () => Others {
  const before = observe();
  return () => {
    const after = observe();
    const ownMs = after.ownMs - before.ownMs;
    const share = Math.max(0, (after.busyMs - before.busyMs - ownMs) / (after.totalMs - before.totalMs));
    return {
      share,
      isTooMuch: share > LIMIT,
      text: `other processes take ${percent(share)} of the CPU${topOf(before, after)}`,
    };
  };
}

interface Observation {
  /** Time of all cores since the system started: all, and with work. */
  readonly totalMs: number;
  readonly busyMs: number;
  readonly stealMs: number;
  /** CPU time of this process and its descendants, also those that have ended. */
  readonly ownMs: number;
  readonly others: ReadonlyMap<number, Process>;
}

function observe(): Observation {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const times = line
    .split(/\s+/)
    .slice(1, 9)
    .map((ticks) => (Number(ticks) * 1000) / TICKS);
  // Interrupts are not counted as work: those of a benchmark are not part of the CPU time of its processes.
  const [user, nice, system, , , , , steal] = times as [number, number, number, ...number[]];
  const processes = allProcesses();
  const own = treeOf(process.pid, processes);
  for (const { pid } of own) processes.delete(pid);
  return {
    totalMs: times.reduce((sum, ms) => sum + ms, 0),
    busyMs: user + nice + system + steal!,
    stealMs: steal!,
    ownMs: own.reduce((sum, { cpuMs, endedMs }) => sum + cpuMs + endedMs, 0),
    others: processes,
  };
}

/** The processes that took the most between two observations. */
function topOf(before: Observation, after: Observation): string {
  const total = after.totalMs - before.totalMs;
  const used = [...after.others.values()].map(({ pid, name, cpuMs }) => ({
    describe: () => `${commandOf(pid) || name} (process ${pid})`,
    ms: cpuMs - (before.others.get(pid)?.cpuMs ?? 0),
  }));
  used.push({ describe: () => 'the hypervisor', ms: after.stealMs - before.stealMs });
  const top = used.toSorted((one, other) => other.ms - one.ms).slice(0, NAMED);
  const texts = top
    .filter(({ ms }) => ms > 0)
    .map(({ describe, ms }) => `${describe()} ${percent(ms / total)}`);
  return texts.length > 0 ? `: ${texts.join(', ')}` : '';
}

/** The start of the command line of a process; empty if it has none or has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, COMMAND_LENGTH);
  } catch {
    return '';
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
