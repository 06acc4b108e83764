import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Ancestors } from './ancestors';

/*
 * A thread of the runner that ensures that no runner outlives its spawner, which ends with the gateway. The main thread
 * notices the end of the gateway by the closed channel, but not during a run, and so never if a run hangs.
 */

const CHECK_MS = 1000;

const { spawner, gateway } = workerData as Ancestors;

setInterval(() => {
  if (process.ppid === spawner) {
    if ([gateway, undefined].includes(parentOf(spawner))) return;
    // The spawner outlives the gateway only if it is suspended.
    process.kill(spawner, 'SIGKILL');
  }
  process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);

/** Parent process of `pid`; undefined if the system does not report it. */
function parentOf(pid: number): number | undefined {
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    // The process has ended; process.ppid then changes.
    return undefined;
  }
}
