import { parentPort, workerData } from 'node:worker_threads';
import { Arrivals } from './arrivals';
import { monotonicMs, type MetronomeSettings } from './metronome';

/** Longest list of times in one message. */
const MOST_TIMES = 1000;

const { rate, ended } = workerData as MetronomeSettings;
const arrivals = new Arrivals(rate);
const start = monotonicMs();
let next = start + arrivals.next();
while (Atomics.wait(ended, 0, 0, Math.max(0, next - monotonicMs())) === 'timed-out') {
  const times: number[] = [];
  for (const now = monotonicMs(); next <= now && times.length < MOST_TIMES; next = start + arrivals.next())
    times.push(next);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has none.
  if (times.length > 0) parentPort!.postMessage(times);
}
