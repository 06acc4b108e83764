import { Agent, request } from 'node:http';
import { binaryRequest } from './load.mts';

/*
 * Sends requests at a fixed rate, regardless of the responses, in a separate process. Prints JSON with the successful
 * responses per second before the deadline, the share of rejected requests, and the 99th percentile of the time to
 * reject a request, in milliseconds.
 *
 * open-loop.mts <url> <width> <requests per second> <seconds> <deadline in ms>
 */
const [url, width, rate, seconds, deadline] = process.argv.slice(2) as [
  string,
  ...[string, string, string, string],
];
const { body, headers } = binaryRequest('x', [1, Number(width)], ['y']);
const options = {
  method: 'POST',
  agent: new Agent({ keepAlive: true, maxSockets: Infinity }),
  headers: { ...headers, 'x-request-timeout': deadline },
};
let good = 0;
const refusedAfter: number[] = [];
const sent: Promise<void>[] = [];
const started = performance.now();
const end = started + Number(seconds) * 1000;
for (let now = started; now < end; now = performance.now()) {
  while (sent.length < ((now - started) / 1000) * Number(rate)) sent.push(send());
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await Promise.all(sent);
const sorted = refusedAfter.toSorted((one, other) => one - other);
/** 0 if no request was rejected. */
const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
console.log(
  JSON.stringify({
    good: good / Number(seconds),
    refused: refusedAfter.length / sent.length,
    refusedP99Ms: p99,
  }),
);
options.agent.destroy();

function send(): Promise<void> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sending = request(url, options, (answer) => {
      answer.resume();
      answer.once('end', () => {
        const ms = performance.now() - began;
        if (answer.statusCode === 200) good += ms <= Number(deadline) ? 1 : 0;
        else refusedAfter.push(ms);
        resolve();
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}
