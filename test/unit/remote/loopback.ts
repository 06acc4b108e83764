import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { Attempt } from '../../../src/remote/attempt';
import { TargetFailure } from '../../../src/remote/target-failure';
import type { Target, TargetTimeouts } from '../../../src/remote/target';

/** Time limits that no test reaches, unless it sets one. */
export const LONG: TargetTimeouts = {
  connectMs: 60_000,
  firstByteMs: 60_000,
  idleMs: 60_000,
  totalMs: 60_000,
};

/** A server on loopback. */
export interface Loopback {
  readonly port: number;
  /** Connections that were opened, closed ones included. */
  readonly sockets: readonly Socket[];
  readonly stop: () => Promise<void>;
}

/** Serves HTTP with Node's own server. */
export function serveHttp(listener: RequestListener): Promise<Loopback> {
  return listening(createHttp(listener));
}

/** Serves HTTPS. */
export function serveHttps(options: ServerOptions, listener: RequestListener): Promise<Loopback> {
  return listening(createHttps(options, listener));
}

/** Serves bytes: `script` is called with a connection once its first bytes have arrived. */
export function serveBytes(script: (socket: Socket) => void): Promise<Loopback> {
  return serveSockets((socket) => socket.once('data', () => script(socket)));
}

/** Serves connections: `script` is called with each at once. */
export function serveSockets(script: (socket: Socket) => void): Promise<Loopback> {
  return listening(createTcp(script));
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const { port, stop } = await serveSockets(() => undefined);
  await stop();
  return port;
}

async function listening(server: Server): Promise<Loopback> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A target at `url`, with the defaults of a model that sets nothing. */
export function targetAt(url: string, changes: Partial<Target> = {}): Target {
  return {
    id: 'target',
    url,
    protocol: 'v2',
    model: 'digits',
    version: undefined,
    weight: 1,
    region: undefined,
    headers: {},
    tls: undefined,
    maxInFlight: 8,
    ...changes,
  };
}

/** An attempt without a deadline that matters. */
export function anAttempt(): Attempt {
  return new Attempt(performance.now() + 60_000);
}

/** The failure of `work`, which must reject with one of a single line without the address of the target. */
export async function failureOf(work: Promise<unknown>): Promise<TargetFailure> {
  const failure: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof TargetFailure))
    throw new Error(`expected a TargetFailure, got ${String(failure)}`);
  expect(failure.message).toMatch(/^\P{Cc}+$/u);
  expect(failure.message).not.toContain('127.0.0.1');
  return failure;
}
