import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';

/*
 * The ceiling of passing requests on: node:http in front of an undici pool, without any check. Prints its address.
 *
 * proxy.mts <url> <whole | streams>: whether bodies and responses are read whole, which is cheaper for small ones.
 */
const [url, how] = process.argv.slice(2);
const pool = new Pool(url!, { connections: 4096 });
const forward = how === 'streams' ? forwardStreams : forwardWhole;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  forward(request, response).catch(() => response.destroy());
});

server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

async function forwardWhole(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const answer = await pool.request({ ...headOf(request), body: Buffer.concat(chunks) });
  const body = Buffer.from(await answer.body.arrayBuffer());
  response.writeHead(answer.statusCode, withoutHops(answer.headers)).end(body);
}

async function forwardStreams(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await pool.request({ ...headOf(request), body: request });
  response.writeHead(answer.statusCode, withoutHops(answer.headers));
  response.flushHeaders();
  await pipeline(answer.body, response);
}

function headOf({ method, url: path, headers }: IncomingMessage) {
  return { method: method as 'POST', path: path!, headers: withoutHops(headers) };
}

/** Headers without those of a single connection (RFC 9110, 7.6.1). */
function withoutHops<T extends object>(headers: T): T {
  const others = { ...headers } as Record<string, unknown>;
  for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'host']) delete others[name];
  return others as T;
}
