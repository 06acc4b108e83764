import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Ancestors } from './ancestors';

/*
 * The guard: a child of the spawner that ensures that no runner outlives its spawner, and that the spawner does not
 * outlive the gateway. A runner notices the end of the gateway when its connection closes, but not during a run, so
 * never if a run hangs. The spawner writes the process ids of its runners to standard input, one JSON array per line.
 */

const CHECK_MS = 1000;

const { spawner, gateway } = JSON.parse(process.argv[2]!) as Ancestors;
let runners: readonly number[] = [];

createInterface(process.stdin)
  .on('line', (line) => (runners = JSON.parse(line) as number[]))
  // The spawner has ended.
  .on('close', () => {
    runners.forEach(kill);
    process.exit(0);
  });
setInterval(() => {
  // The spawner outlives the gateway only if it is suspended.
  if (![gateway, undefined].includes(parentOf(spawner))) kill(spawner);
}, CHECK_MS);
// See the spawner: only the gateway decides when runners end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

/** Parent process of `pid`; undefined if the system does not report it. */
function parentOf(pid: number): number | undefined {
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
