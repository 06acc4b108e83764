import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Tokens of a stream: a second's worth. */
const TOKENS = 50;
const STREAM_MS = 1000;

/**
 * Keeps `count` event streams of 50 tokens a second open for `seconds`, after each stream has run once. Resolves to the
 * times from a request to its first token, in milliseconds.
 */
export async function firstTokens(url: string, count: number, seconds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const times: number[] = [];
  const started = performance.now();
  const end = started + STREAM_MS + seconds * 1000;
  const work = async (_: unknown, index: number) => {
    // The streams begin one after another, as those of independent clients do.
    await delay((index * STREAM_MS) / count);
    for (let round = 0; performance.now() < end; round++) {
      const sentAt = performance.now();
      const response = await open(url, agent, TOKENS);
      const ended = once(response, 'end');
      await once(response, 'data');
      if (round > 0) times.push(performance.now() - sentAt);
      await ended;
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  agent.destroy();
  return times;
}

/** Opens `count` event streams that stay silent. Resolves to a function that closes them. */
export async function silentStreams(url: string, count: number): Promise<() => void> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  // Not all at once: the queue of new connections of the system is short.
  for (let opened = 0; opened < count; opened += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - opened) }, () => open(url, agent, 0)));
  return () => agent.destroy();
}

/** Requests a stream of `tokens`. Resolves with the head of the response. @throws Error if it is no success. */
async function open(url: string, agent: Agent, tokens: number): Promise<IncomingMessage> {
  const body = JSON.stringify({
    model: 'engine',
    stream: true,
    max_tokens: tokens,
    messages: [{ role: 'user', content: 'How many parameters does the smallest useful model have?' }],
  });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sending: ClientRequest = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers });
  sending.end(body);
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  // Silent streams are cut off at the end.
  response.on('error', () => {});
  if (response.statusCode === 200) return response;
  throw new Error(`${response.statusCode}: ${Buffer.concat(await response.toArray()).toString()}`);
}
