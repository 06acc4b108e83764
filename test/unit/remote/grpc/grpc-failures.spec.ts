import { once } from 'node:events';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { logVerbosity, Metadata, setLogVerbosity, status } from '@grpc/grpc-js';
import type { TensorConnection } from '../../../../src/remote/connection';
import { openGrpc } from '../../../../src/remote/grpc/grpc-connection';
import type { Target, TargetTimeouts } from '../../../../src/remote/target';
import { retryStatus } from '../../../../src/common/retry-info';
import { anAttempt, closedPort, failureOf, LONG, serveSockets } from '../loopback';
import { grpcTarget, ScriptedServer, type Scripts } from './scripted-server';

setLogVerbosity(logVerbosity.NONE);

const LIMIT = 64 * 1024;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function serve(scripts: Scripts, port = 0): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(scripts, undefined, port);
  open.push({ close: () => server.stop() });
  return server;
}

function connectTo(
  port: number,
  timeouts: Partial<TargetTimeouts> = {},
  settings: Partial<Target> = {},
): TensorConnection {
  const connection = openGrpc(grpcTarget(port, settings), { ...LONG, ...timeouts }, LIMIT);
  open.push(connection);
  return connection;
}

const READY: Scripts = { ModelReady: () => ({ ready: true }) };

/** What a check fails with, at a server that answers it with this status. */
async function failureOfStatus(
  code: status,
  details: string,
  metadata: Readonly<Record<string, string | Buffer>> = {},
  settings: Partial<Target> = {},
) {
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const { port } = await serve({ ModelReady: () => ({ code, details, metadata: sent }) });
  return failureOf(connectTo(port, {}, settings).check(anAttempt()));
}

describe('a status', () => {
  it.each([
    ['UNAVAILABLE', 'broken', {}],
    ['DEADLINE_EXCEEDED', 'broken', { timedOut: true }],
    ['RESOURCE_EXHAUSTED', 'overloaded', {}],
    ['UNAUTHENTICATED', 'misconfigured', {}],
    ['PERMISSION_DENIED', 'misconfigured', {}],
    ['NOT_FOUND', 'misconfigured', {}],
    ['INTERNAL', 'failed', {}],
    ['UNKNOWN', 'failed', {}],
    ['ABORTED', 'failed', {}],
    ['ALREADY_EXISTS', 'failed', {}],
    ['DATA_LOSS', 'failed', {}],
    ['CANCELLED', 'broken', {}],
  ] as const)('%s is %s, without the text of the target', async (name, kind, details) => {
    const failure = await failureOfStatus(status[name], 'text at 10.0.0.7');
    expect(failure).toMatchObject({ kind, details });
    expect(failure.message).not.toContain('10.0.0.7');
  });

  it.each(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'OUT_OF_RANGE'] as const)(
    '%s is rejected, with the text of the target',
    async (name) => {
      const failure = await failureOfStatus(status[name], 'expected x,\ngot y');
      expect(failure).toMatchObject({ kind: 'rejected', message: 'expected x, got y' });
    },
  );

  it('has an explanation of at most 500 characters, and no secret in it', async () => {
    expect((await failureOfStatus(status.INVALID_ARGUMENT, 'ä'.repeat(900))).message).toBe('ä'.repeat(500));
    const rejected = 'the server that runs the model rejected the request';
    expect((await failureOfStatus(status.INVALID_ARGUMENT, '')).message).toBe(rejected);
    const headers = { authorization: 'Bearer secret-key', 'x-team': 'a' };
    for (const text of ['you sent secret-key', 'a Bearer secret-key'])
      expect((await failureOfStatus(status.INVALID_ARGUMENT, text, {}, { headers })).message).toBe(rejected);
    expect((await failureOfStatus(status.INVALID_ARGUMENT, 'a mistake', {}, { headers })).message).toBe(
      'a mistake',
    );
  });

  it.each([
    ['a pushback of gRPC', { 'grpc-retry-pushback-ms': '250' }, 250],
    ['a pushback that forbids retries', { 'grpc-retry-pushback-ms': '-1' }, undefined],
    ['a RetryInfo', { 'grpc-status-details-bin': retryStatus(8, 'x', 7) }, 7000],
    ['malformed details', { 'grpc-status-details-bin': Buffer.of(0x1a, 0xff), 'retry-after': '2' }, 2000],
    ['seconds', { 'retry-after': '3' }, 3000],
    ['a date', { 'retry-after': 'Sun, 29 Nov 2026 00:00:00 GMT' }, undefined],
    ['years', { 'retry-after': '1e12' }, 3_600_000],
  ])('of overload can have %s', async (_what, metadata, ms) => {
    const failure = await failureOfStatus(status.RESOURCE_EXHAUSTED, '', metadata);
    expect(failure.kind).toBe('overloaded');
    expect(failure.details.retryAfterMs).toBe(ms);
  });

  it('UNAVAILABLE is overload if the target says when to retry', async () => {
    const failure = await failureOfStatus(status.UNAVAILABLE, 'no', { 'retry-after': '1' });
    expect(failure).toMatchObject({ kind: 'overloaded', details: { retryAfterMs: 1000 } });
  });

  it('UNAVAILABLE is overload if the queue of a Triton server is full', async () => {
    const failure = await failureOfStatus(
      status.UNAVAILABLE,
      '[request id: <id_unknown>] Exceeds maximum queue size',
    );
    expect(failure).toMatchObject({ kind: 'overloaded', details: {} });
  });

  it('of a request that is too large for the target is rejected', async () => {
    const failure = await failureOfStatus(
      status.RESOURCE_EXHAUSTED,
      'Received message larger than max (9 vs 8)',
    );
    expect(failure).toMatchObject({ kind: 'rejected', message: expect.stringContaining('too large') });
  });
});

describe('no connection', () => {
  it('fails at once, and works as soon as the target has started', async () => {
    const port = await closedPort();
    const connection = connectTo(port);
    for (let repeat = 0; repeat < 3; repeat++)
      expect(await failureOf(connection.check(anAttempt()))).toMatchObject({
        kind: 'connect',
        message: 'no connection to the target: the connection was refused',
      });
    await serve(READY, port);
    await eventually(() => connection.check(anAttempt()));
  });

  it('is reported for a name that does not exist', async () => {
    const connection = connectTo(1, {}, { url: 'grpc://nowhere.invalid:8001' });
    expect(await failureOf(connection.check(anAttempt()))).toMatchObject({
      kind: 'connect',
      message: 'no connection to the target: the host name could not be resolved',
    });
  });

  it('times out if the target accepts without responding, and leaves no socket', async () => {
    const sockets = new Set<object>();
    let closed!: () => void;
    const ended = new Promise<void>((resolve) => (closed = resolve));
    const { port, stop } = await serveSockets((socket) => {
      sockets.add(socket);
      socket.resume().on('close', () => {
        sockets.delete(socket);
        closed();
      });
    });
    open.push({ close: stop });
    const connection = connectTo(port, { connectMs: 50 });
    const failure = await failureOf(connection.check(anAttempt()));
    expect(failure).toMatchObject({ kind: 'connect', details: { timedOut: true } });
    await ended;
    expect(sockets.size).toBe(0);
  });

  it('is used again when a target that hung while connecting has recovered', async () => {
    let isHung = true;
    const { port } = await serve(READY);
    const front = await serveSockets((socket) => {
      if (isHung) socket.resume();
      else proxy(socket, port);
    });
    open.push({ close: front.stop });
    const connection = connectTo(front.port, { connectMs: 50 });
    expect((await failureOf(connection.check(anAttempt()))).kind).toBe('connect');
    isHung = false;
    await eventually(() => connection.check(anAttempt()));
  });
});

describe('a target that', () => {
  it.each([{ firstByteMs: 50 }, { totalMs: 50 }])('hangs is timed out: %j', async (limits) => {
    const { port } = await serve({ ModelReady: () => undefined });
    // A first call includes the time to connect, which is not the subject here.
    const connection = connectTo(port, { ...limits, connectMs: 60_000 });
    await failureOf(connection.describe(anAttempt()));
    const failure = await failureOf(connection.check(anAttempt()));
    expect(failure).toMatchObject({ kind: 'broken', details: { timedOut: true } });
  });

  it('sends headers and then nothing is timed out', async () => {
    const { port } = await serve({ ModelReady: (call) => call.sendMetadata(new Metadata()) });
    const failure = await failureOf(connectTo(port, { idleMs: 50 }).check(anAttempt()));
    expect(failure).toMatchObject({ kind: 'broken', details: { timedOut: true } });
  });

  it('restarts breaks its calls, and is used again', async () => {
    let arrived!: () => void;
    const running = new Promise<void>((resolve) => (arrived = resolve));
    const server = await serve({ ModelReady: () => arrived() });
    const connection = connectTo(server.port);
    const work = failureOf(connection.check(anAttempt()));
    await running;
    server.stop();
    expect((await work).kind).toBe('broken');
    await serve(READY, server.port);
    await eventually(() => connection.check(anAttempt()));
  });

  it('sends too much is refused before it is read', async () => {
    const { port } = await serve({ ModelMetadata: () => ({ platform: 'x'.repeat(LIMIT + 1) }) });
    expect(await failureOf(connectTo(port).describe(anAttempt()))).toMatchObject({
      kind: 'garbage',
      message: 'the response is too large',
    });
  });

  it('does not speak HTTP/2 is no connection', async () => {
    const { port, stop } = await serveSockets((socket) => socket.end('SSH-2.0-x\r\n'));
    open.push({ close: stop });
    expect((await failureOf(connectTo(port).check(anAttempt()))).kind).toBe('connect');
  });
});

/** Answers every call with these headers, bytes and trailers. */
async function http2Server(answer: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server: Http2Server = createHttp2({ maxSendHeaderBlockLength: 2 ** 30 });
  server.on('session', (session) => {
    session.on('error', () => undefined);
    open.push({ close: () => session.destroy() });
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined).resume();
    answer(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => server.close() });
  return (server.address() as AddressInfo).port;
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

function framed(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function respond(stream: ServerHttp2Stream, headers: object, body: Buffer): void {
  stream.respond({ ...HEADERS, ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(body);
}

describe('a hostile target that sends', () => {
  const ready = Buffer.of(8, 1);

  it('a valid response is accepted', async () => {
    const port = await http2Server((stream) => respond(stream, {}, framed(ready)));
    await expect(connectTo(port).check(anAttempt())).resolves.toBeUndefined();
  });

  it.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['bytes that are no message', (stream) => respond(stream, {}, framed(Buffer.from('garbage')))],
    ['no message', (stream) => respond(stream, {}, Buffer.alloc(0))],
    ['two messages', (stream) => respond(stream, {}, Buffer.concat([framed(ready), framed(ready)]))],
    ['a message of 4 GB', (stream) => respond(stream, {}, Buffer.of(0, 255, 255, 255, 255, 1))],
    ['half a message', (stream) => respond(stream, {}, framed(ready).subarray(0, 6))],
    [
      'a page',
      (stream) => respond(stream, { 'content-type': 'text/html' }, Buffer.from('<html>hello</html>')),
    ],
    [
      'a redirect',
      (stream) => stream.respond({ ':status': 302, location: 'http://10.0.0.7/' }, { endStream: true }),
    ],
    [
      'a bomb in gzip',
      (stream) => respond(stream, { 'grpc-encoding': 'gzip' }, framed(gzipSync(Buffer.alloc(8 * LIMIT)), 1)),
    ],
    ['damaged gzip', (stream) => respond(stream, { 'grpc-encoding': 'gzip' }, framed(ready, 1))],
    ['an unknown encoding', (stream) => respond(stream, { 'grpc-encoding': 'br' }, framed(ready, 1))],
    ['compression that it did not announce', (stream) => respond(stream, {}, framed(ready, 1))],
    [
      'endless headers',
      (stream) => stream.respond({ ...HEADERS, 'x-long': 'x'.repeat(1024 * 1024) }, { endStream: true }),
    ],
    ['no status', (stream) => stream.respond(HEADERS, { endStream: true })],
  ])('%s is refused', async (_what, answer) => {
    const port = await http2Server(answer);
    const failure = await failureOf(connectTo(port).check(anAttempt()));
    expect(failure.kind).toBe('garbage');
    expect(failure.message).not.toContain('10.0.0.7');
  });

  it.each([
    [401, 'misconfigured'],
    [404, 'misconfigured'],
    [400, 'garbage'],
    [429, 'overloaded'],
    [500, 'failed'],
    [503, 'broken'],
  ])('status %d of HTTP, as proxies do, is %s', async (code, kind) => {
    const port = await http2Server((stream) => stream.respond({ ':status': code }, { endStream: true }));
    expect((await failureOf(connectTo(port).check(anAttempt()))).kind).toBe(kind);
  });

  it('only a reset is reported as an error of the target', async () => {
    const port = await http2Server((stream) => stream.close(2));
    expect((await failureOf(connectTo(port).check(anAttempt()))).kind).toBe('failed');
  });
});

/** Repeats `work` until it succeeds; the time limit of the test ends it. grpc-js reconnects after a second at most. */
async function eventually(work: () => Promise<void>): Promise<void> {
  for (;;) {
    const failure = await work().then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function proxy(socket: Socket, port: number): void {
  const upstream = connect(port, '127.0.0.1');
  upstream.on('error', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
  socket.pipe(upstream).pipe(socket);
}
