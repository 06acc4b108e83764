import { setTimeout as delay } from 'node:timers/promises';
import { binaryRequest } from './load.mts';

/*
 * Sends requests sequentially, in a separate process, so that the load generator does not affect the measurement. Prints
 * the 99th percentile in milliseconds.
 *
 * latency.mts <url> <seconds> [width of the row of an inference request]
 */
const [url, seconds, width] = process.argv.slice(2);
const request =
  width === undefined ? {} : { method: 'POST', ...binaryRequest('x', [1, Number(width)], ['y']) };
const times: number[] = [];
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  const started = performance.now();
  await (await fetch(url!, request)).arrayBuffer();
  times.push(performance.now() - started);
  await delay(5);
}
console.log(times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)]);
