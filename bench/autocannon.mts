import autocannon from 'autocannon';
import { quantileOf } from './cost.mts';
import type { Message, Traffic } from './traffic.mts';

/** Sends `message` to `url` for `seconds` with autocannon in this process. @throws Error if a request failed. */
export async function sendByAutocannon(
  url: string,
  { path, body, headers = {}, keys }: Message,
  connections: number,
  seconds: number,
): Promise<Traffic> {
  const before = process.cpuUsage();
  // The percentiles of autocannon are whole milliseconds.
  const times: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options: autocannon.Options = {
      url: url + path,
      method: 'POST',
      body,
      headers: { ...headers },
      connections,
      duration: seconds,
      ...(keys && {
        requests: keys.map((key) => ({ headers: { ...headers, authorization: `Bearer ${key}` } })),
      }),
    };
    autocannon(options, (error, counted) => (error ? reject(error as Error) : resolve(counted))).on(
      'response',
      (_client, _status, _bytes, ms) => times.push(ms),
    );
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} responses without status 2xx, ${result.errors} errors`);
  const { user, system } = process.cpuUsage(before);
  return {
    requests: result['2xx'],
    seconds: result.duration,
    p50Ms: quantileOf(times, 0.5),
    p99Ms: quantileOf(times, 0.99),
    senderCpuMs: (user + system) / 1000,
  };
}
