import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { HttpPool } from '../../../../src/remote/http/http-pool';
import type { HttpRequest } from '../../../../src/remote/http/http-message';
import type { Target, TargetTimeouts } from '../../../../src/remote/target';
import { LONG, serveBytes, serveHttp, targetAt, type Loopback } from '../loopback';

/** A request without a body. */
export const GET: HttpRequest = { method: 'GET', path: '/x', headers: [], body: [] };
/** A limit of bytes for small responses. */
export const LIMIT = 1024;

/** What is open, to be closed after the test. */
export const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A target, and its time limits. */
export interface Settings extends Partial<Target> {
  readonly timeouts?: Partial<TargetTimeouts>;
}

/** A pool for `server` until the end of the test. */
export function poolOf(
  server: { port: number },
  { timeouts, ...changes }: Settings = {},
  path = '',
): HttpPool {
  const target = targetAt(`http://127.0.0.1:${server.port}${path}`, changes);
  const pool = new HttpPool(target, { ...LONG, ...timeouts });
  opened.push(() => pool.close());
  return pool;
}

/** Stops the server after the test. */
export async function keep(server: Promise<Loopback>): Promise<Loopback> {
  const loopback = await server;
  opened.push(() => loopback.stop());
  return loopback;
}

/** A server with Node's own HTTP, and a pool for it, until the end of the test. */
export async function answering(listener: RequestListener, settings: Settings = {}) {
  const server = await keep(serveHttp(listener));
  return { server, pool: poolOf(server, settings) };
}

/** A server of bytes, and a pool for it, until the end of the test. */
export async function scripted(script: (socket: Socket) => void, settings: Settings = {}) {
  const server = await keep(serveBytes(script));
  return { server, pool: poolOf(server, settings) };
}

/** A server that sends these bytes and, unless they are a whole response, nothing more. */
export function sending(text: string, settings: Settings = {}) {
  return scripted((socket) => void socket.write(text), settings);
}

/** Resolves when `socket` is closed, even by a reset. */
export function closeOf(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
}

/** Status line of a response of bytes. */
export const HEAD = 'HTTP/1.1 200 OK\r\n';
