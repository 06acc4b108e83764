import { sendByAutocannon } from './autocannon.mts';
import type { Message, Traffic } from './traffic.mts';
import { isWrkInstalled, sendByWrk } from './wrk.mts';

/** Connections that each send a request as soon as they have the response to the previous one. */
export interface Load extends Message {
  readonly connections: number;
}

/**
 * Sends `load` to `url` for `seconds`, with wrk if it is installed. Otherwise with autocannon, which takes more CPU time than
 * some servers.
 *
 * @throws Error if a request failed, or if none was answered.
 */
export async function send(
  url: string,
  { connections, ...message }: Load,
  seconds: number,
): Promise<Traffic> {
  const sendMessage = isWrkInstalled ? sendByWrk : sendByAutocannon;
  const traffic = await sendMessage(url, message, connections, seconds);
  if (traffic.requests === 0) throw new Error(`${url}${message.path} sent no response in ${seconds} s`);
  return traffic;
}

/** Like {@link send}, and resolves to the requests per second. */
export async function drive(url: string, load: Load, seconds: number): Promise<number> {
  const traffic = await send(url, load, seconds);
  return traffic.requests / traffic.seconds;
}

/** A V2 request with one binary FP32 input, and its headers. */
export function binaryRequest(
  input: string,
  shape: readonly number[],
  outputs: readonly string[],
): Pick<Load, 'body' | 'headers'> {
  const count = shape.reduce((product, size) => product * size, 1);
  const parameters = { binary_data_size: count * 4 };
  const requested = outputs.map((name) => ({ name, parameters: { binary_data: true } }));
  const json = Buffer.from(
    JSON.stringify({ inputs: [{ name: input, datatype: 'FP32', shape, parameters }], outputs: requested }),
  );
  const data = Buffer.from(new Float32Array(count).fill(0.5).buffer);
  return {
    body: Buffer.concat([json, data]),
    headers: { 'inference-header-content-length': String(json.length) },
  };
}
