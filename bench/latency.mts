import { setTimeout as delay } from 'node:timers/promises';

/*
 * Asks one request after another, in a process of its own so that the load generator is not measured with it. Prints
 * the 99th percentile in milliseconds.
 *
 * latency.mts <url> <seconds>
 */
const [url, seconds] = process.argv.slice(2);
const times: number[] = [];
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  const started = performance.now();
  await (await fetch(url!)).arrayBuffer();
  times.push(performance.now() - started);
  await delay(5);
}
console.log(times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)]);
