import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Ancestors } from '../spawner/messages';

/*
 * A thread of the runner that sees to it that no runner outlives the process that started it, which ends with the
 * gateway. The main thread hears of the gateway's end through the closed channel, but not while it is inside a run, and a
 * run that hangs would never let it.
 */

const CHECK_MS = 1000;

const { spawner, gateway } = workerData as Ancestors;

setInterval(() => {
  if (process.ppid === spawner) {
    if ([gateway, undefined].includes(parentOf(spawner))) return;
    // It has been stopped, or it would have ended by now.
    process.kill(spawner, 'SIGKILL');
  }
  process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);

/** The process that has started `pid`; undefined where the system does not tell. */
function parentOf(pid: number): number | undefined {
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    // It has ended, which process.ppid tells.
    return undefined;
  }
}
