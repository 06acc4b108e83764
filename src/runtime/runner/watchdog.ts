import { workerData } from 'node:worker_threads';

/*
 * A thread of the runner that sees to it that no runner outlives the process that started it, which ends with the
 * gateway. The main thread hears of the gateway's end through the closed channel, but not while it is inside a run, and a
 * run that hangs would never let it.
 */

const CHECK_MS = 1000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);
