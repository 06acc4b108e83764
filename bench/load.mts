import autocannon from 'autocannon';

/** A request to send repeatedly. */
export interface Load {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  /** API keys or tokens that consecutive requests of a connection send, in turn. */
  readonly keys?: readonly string[];
}

/** Sends `load` to `url` for `seconds`. Resolves to the requests per second. @throws Error if a request failed. */
export async function drive(url: string, load: Load, seconds: number): Promise<number> {
  const { requests, duration } = await send(url, load, seconds);
  return requests.total / duration;
}

/** Sends `load` to `url` for `seconds`. Resolves to the number of requests. @throws Error if a request failed. */
export async function countOf(url: string, load: Load, seconds: number): Promise<number> {
  return (await send(url, load, seconds))['2xx'];
}

async function send(url: string, { path, body, headers = {}, keys, connections }: Load, seconds: number) {
  const result = await autocannon({
    url: url + path,
    method: 'POST',
    body,
    headers: { ...headers },
    connections,
    duration: seconds,
    ...(keys && {
      requests: keys.map((key) => ({ headers: { ...headers, authorization: `Bearer ${key}` } })),
    }),
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} responses without status 2xx, ${result.errors} errors`);
  return result;
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
