/** A request that is sent as it is. */
export interface Request {
  readonly path: string;
  /** Its Content-Type. */
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** Sends each of `requests` once, `atOnce` at a time. Resolves to the requests per second. @throws Error if one failed. */
export async function sendAll(url: string, requests: readonly Request[], atOnce: number): Promise<number> {
  const waiting = requests.values();
  const started = performance.now();
  const work = async () => {
    for (const request of waiting) await send(url, request);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (requests.length * 1000) / (performance.now() - started);
}

/** Sends `requests` in turn for `seconds`, `atOnce` at a time. Resolves to the requests per second. @throws like {@link sendAll}. */
export async function sendFor(
  url: string,
  requests: readonly Request[],
  atOnce: number,
  seconds: number,
): Promise<number> {
  const started = performance.now();
  const end = started + seconds * 1000;
  let sent = 0;
  const work = async () => {
    while (performance.now() < end) await send(url, requests[sent++ % requests.length]!);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (sent * 1000) / (performance.now() - started);
}

async function send(url: string, { path, type, body }: Request): Promise<void> {
  const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${answer}`);
}
