import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { openHttpPool, type HttpPool } from '../../../../src/remote/http/http-pool';
import type { HttpRequest } from '../../../../src/remote/http/http-message';
import type { Target, TargetTimeouts } from '../../../../src/remote/target';
import { anAttempt, failureOf, LONG, serveBytes, serveHttp, targetAt, type Loopback } from '../loopback';

const GET: HttpRequest = { method: 'GET', path: '/x', headers: [], body: [] };
const LIMIT = 1024;

const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Settings extends Partial<Target> {
  readonly timeouts?: Partial<TargetTimeouts>;
}

function poolOf(server: { port: number }, { timeouts, ...changes }: Settings = {}, path = ''): HttpPool {
  const target = targetAt(`http://127.0.0.1:${server.port}${path}`, changes);
  const pool = openHttpPool(target, { ...LONG, ...timeouts });
  opened.push(() => pool.close());
  return pool;
}

async function keep(server: Promise<Loopback>): Promise<Loopback> {
  const loopback = await server;
  opened.push(() => loopback.stop());
  return loopback;
}

async function answering(listener: RequestListener, settings: Settings = {}) {
  const server = await keep(serveHttp(listener));
  return { server, pool: poolOf(server, settings) };
}

async function scripted(script: (socket: Socket) => void, settings: Settings = {}) {
  const server = await keep(serveBytes(script));
  return { server, pool: poolOf(server, settings) };
}

/** A server that sends these bytes and, unless they are a whole response, nothing more. */
function sending(text: string, settings: Settings = {}) {
  return scripted((socket) => void socket.write(text), settings);
}

/** Resolves when `socket` is closed, even by a reset. */
function closeOf(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
}

describe('a whole exchange', () => {
  it.each([
    ['small pieces', [Buffer.from('ab'), Buffer.from('cd')]],
    ['one large piece', [Buffer.alloc(700_000, 1)]],
    ['large pieces', [Buffer.alloc(400_000, 1), Buffer.alloc(400_000, 2), Buffer.from('end')]],
  ])('sends %s with their length and returns the response', async (_name, body) => {
    const { pool } = await answering((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        response.setHeader('x-length', request.headers['content-length'] ?? 'none');
        response.setHeader('x-path', request.url!);
        response.end(Buffer.concat(pieces));
      });
    });
    const answer = await pool.exchange({ method: 'POST', path: '/x', headers: [], body }, 1e6, anAttempt());
    const whole = Buffer.concat(body);
    expect(answer.body.equals(whole)).toBe(true);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-length']).toBe(String(whole.length));
  });

  it('puts the path of the URL first, and lets configured headers take precedence', async () => {
    const server = await keep(
      serveHttp((request, response) =>
        response.end(JSON.stringify({ url: request.url, headers: request.headers })),
      ),
    );
    const pool = poolOf(server, { headers: { 'x-team': 'a' } }, '/base');
    const headers = ['x-team', 'b', 'x-other', 'c'];
    const { body } = await pool.exchange({ ...GET, headers }, LIMIT, anAttempt());
    expect(JSON.parse(body.toString())).toMatchObject({
      url: '/base/x',
      headers: { 'x-team': 'a', 'x-other': 'c', 'accept-encoding': 'identity' },
    });
  });

  it('reuses a connection, and opens at most one more than may be in flight', async () => {
    const waiting: (() => void)[] = [];
    const { server, pool } = await answering(
      (_request, response) => {
        waiting.push(() => response.end('ok'));
        if (waiting.length === 3) waiting.splice(0).forEach((answer) => answer());
      },
      { maxInFlight: 2 },
    );
    for (let round = 0; round < 3; round++)
      await Promise.all([1, 2, 3].map(() => pool.exchange(GET, LIMIT, anAttempt())));
    expect(server.sockets).toHaveLength(3);
  });

  it('ends the request at once when it is cancelled', async () => {
    const arrived = Promise.withResolvers<Socket>();
    const { pool } = await answering((request) => arrived.resolve(request.socket));
    const attempt = anAttempt();
    const failure = failureOf(pool.exchange(GET, LIMIT, attempt));
    const socket = await arrived.promise;
    const closed = closeOf(socket);
    attempt.cancel();
    expect((await failure).kind).toBe('broken');
    await closed;
  });

  it('sends nothing for an attempt that is cancelled before', async () => {
    const seen: string[] = [];
    const { pool } = await answering((request, response) => {
      seen.push(request.url!);
      response.end();
    });
    const [early, waiting] = [anAttempt(), anAttempt()];
    early.cancel();
    const failures = [
      pool.exchange({ ...GET, path: '/early' }, LIMIT, early),
      pool.exchange({ ...GET, path: '/waiting' }, LIMIT, waiting),
    ].map(failureOf);
    // No connection is open yet.
    waiting.cancel();
    for (const { kind } of await Promise.all(failures)) expect(kind).toBe('broken');
    await pool.exchange({ ...GET, path: '/last' }, LIMIT, anAttempt());
    expect(seen).toEqual(['/last']);
  });

  it('fails requests in flight when it is closed, and later ones', async () => {
    const arrived = Promise.withResolvers<void>();
    const { pool } = await answering(() => arrived.resolve());
    const failure = failureOf(pool.exchange(GET, LIMIT, anAttempt()));
    await arrived.promise;
    await pool.close();
    expect(['broken', 'connect']).toContain((await failure).kind);
    expect((await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).kind).toBe('connect');
  });
});

const HEAD = 'HTTP/1.1 200 OK\r\n';

describe('a hostile response', () => {
  it.each<[string, string, string, string]>([
    ['is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'garbage', 'HTTP/1.1'],
    ['has headers without an end', `${HEAD}${'x-a: 1234567890\r\n'.repeat(2000)}`, 'garbage', 'too large'],
    ['has one header without an end', `${HEAD}x-a: ${'1'.repeat(20_000)}`, 'garbage', 'too large'],
    [
      'has two lengths',
      `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
      'broken',
      'before the response',
    ],
    ['announces too much', `${HEAD}content-length: 1025\r\n\r\n`, 'garbage', 'got 1025 bytes'],
    [
      'grows too much',
      `${HEAD}transfer-encoding: chunked\r\n\r\n190\r\n${'a'.repeat(400)}\r\n`.concat(
        `190\r\n${'a'.repeat(400)}\r\n`.repeat(3),
      ),
      'garbage',
      'at most 1024 bytes, got more',
    ],
    ['has a broken chunk', `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`, 'garbage', 'HTTP/1.1'],
    [
      'is compressed',
      `${HEAD}content-encoding: gzip\r\ncontent-length: 9\r\n\r\n`,
      'garbage',
      'content coding',
    ],
    [
      'redirects',
      'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
      'garbage',
      'redirect',
    ],
    [
      'switches protocols',
      'HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'garbage',
      'got another',
    ],
    ['only hints', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50), 'garbage', 'hints'],
  ])('that %s is refused', async (_name, bytes, kind, message) => {
    const { pool } = await sending(bytes);
    const failure = await failureOf(pool.exchange(GET, LIMIT, anAttempt()));
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(message) as string });
  });

  it.each([
    ['before the response', ''],
    ['in the headers', `${HEAD}x-a: 1`],
    ['in the body', `${HEAD}content-length: 10\r\n\r\nabc`],
    ['in the body of a connection that closes', `${HEAD}connection: close\r\ncontent-length: 10\r\n\r\nabc`],
    [
      'in a chunk of a connection that closes',
      `${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab`,
    ],
    ['in a chunk', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nab`],
  ])('that ends %s is broken', async (_name, bytes) => {
    const { pool } = await scripted((socket) => socket.end(bytes));
    expect(await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).toMatchObject({
      kind: 'broken',
      message: 'the connection closed before the response was complete',
    });
  });

  it('of 1 GB is stopped while it comes', async () => {
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const { pool, server } = await answering((_request, response) => {
      const more = () => {
        if (written >= 2 ** 30 || response.destroyed) return;
        written += chunk.length;
        response.write(chunk, more);
      };
      more();
    });
    const failure = await failureOf(pool.exchange(GET, 2 ** 20, anAttempt()));
    expect(failure.kind).toBe('garbage');
    const [socket] = server.sockets;
    await closeOf(socket!);
    // The limit, and what the buffers of the operating system hold.
    expect(written).toBeLessThan(32 * 2 ** 20);
  });

  const silent: readonly [string, string, Partial<TargetTimeouts>][] = [
    ['nothing', '', { firstByteMs: 50 }],
    ['half a head', `${HEAD}x-`, { firstByteMs: 50 }],
    ['half a chunk', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nab`, { idleMs: 50 }],
    ['half a body', `${HEAD}content-length: 10\r\n\r\nabc`, { idleMs: 50 }],
  ];

  // Together, because the time limits are only accurate to a second.
  it(`that is ${silent.map(([name]) => name).join(', ')}, and then silence, times out`, async () => {
    const failures = silent.map(async ([, bytes, timeouts]) => {
      const { pool } = await sending(bytes, { timeouts });
      return failureOf(pool.exchange(GET, LIMIT, anAttempt()));
    });
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({ kind: 'broken', details: { timedOut: true } });
      expect(failure.message).toContain('within 50 ms');
    }
  });
});

describe('no connection', () => {
  it('is reported when the port is closed', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const failure = await failureOf(poolOf({ port }).exchange(GET, LIMIT, anAttempt()));
    expect(failure).toMatchObject({
      kind: 'connect',
      message: 'no connection to the target: the connection was refused',
    });
  });

  it('is reported when the host does not exist', async () => {
    const pool = openHttpPool(targetAt('http://nowhere.invalid'), LONG);
    opened.push(() => pool.close());
    expect((await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).kind).toBe('connect');
  });
});

describe('an error of the target', () => {
  const request = { ...GET, path: '/x' };

  async function failureWith(status: number, headers: Record<string, string>, body = '') {
    const { pool } = await answering((_request, response) => response.writeHead(status, headers).end(body), {
      headers: { authorization: 'Bearer very-secret-key' },
    });
    return failureOf(pool.exchange(request, LIMIT, anAttempt()));
  }

  it.each<[number, Record<string, string>, string, number | undefined]>([
    [429, { 'retry-after': '3' }, 'overloaded', 3000],
    [429, {}, 'overloaded', undefined],
    [429, { 'retry-after-ms': '250', 'retry-after': '3' }, 'overloaded', 250],
    [503, { 'retry-after': '1' }, 'overloaded', 1000],
    [503, { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 'overloaded', 0],
    [503, { 'retry-after': '99999999999' }, 'overloaded', 3_600_000],
    [503, { 'retry-after': 'soon' }, 'failed', undefined],
    [503, {}, 'failed', undefined],
    [500, {}, 'failed', undefined],
    [408, {}, 'failed', undefined],
    [401, {}, 'misconfigured', undefined],
    [403, {}, 'misconfigured', undefined],
    [404, {}, 'misconfigured', undefined],
    [400, {}, 'rejected', undefined],
    [422, {}, 'rejected', undefined],
  ])('of status %i with %p is %s', async (status, headers, kind, retryAfterMs) => {
    const failure = await failureWith(status, headers, 'internal detail');
    expect(failure.kind).toBe(kind);
    expect(failure.details.status).toBe(status);
    expect(failure.details.retryAfterMs).toBe(retryAfterMs);
    expect(failure.message).not.toContain('internal detail');
    expect(failure.message).toContain(String(status));
  });

  it.each([
    ['V2', '{"error": "input \'x\':\\nexpected 3 rows"}', "input 'x': expected 3 rows"],
    ['OpenAI', '{"error": {"message": "max_tokens is too large", "type": "x"}}', 'max_tokens is too large'],
    ['FastAPI', '{"detail": "no such tool"}', 'no such tool'],
    ['vLLM', '{"object": "error", "message": "too long"}', 'too long'],
  ])('explains a mistake in the words of %s', async (_name, body, message) => {
    expect(await failureWith(400, {}, body)).toMatchObject({ kind: 'rejected', message });
  });

  it.each([
    ['the key of the target', '{"error": "key very-secret-key is not for this model"}'],
    ['no text', '{"error": {"message": {"a": 1}}}'],
    ['something else than an object', '"text"'],
    ['too much', JSON.stringify({ error: 'a'.repeat(70_000) })],
  ])('does not repeat an explanation with %s', async (_name, body) => {
    const { message } = await failureWith(400, {}, body);
    expect(message).toBe('the server that runs the model rejected the request with status 400');
  });

  it('cuts a long explanation', async () => {
    expect((await failureWith(400, {}, JSON.stringify({ error: 'a'.repeat(5000) }))).message).toHaveLength(
      500,
    );
  });
});

describe('a stream', () => {
  it('passes on pieces as they come', async () => {
    const sent = Promise.withResolvers<(text: string | null) => void>();
    const { pool } = await answering((_request, response) => {
      response.flushHeaders();
      sent.resolve((text) => (text === null ? response.end() : response.write(text)));
    });
    const { status, body } = await pool.stream(GET, anAttempt());
    expect(status).toBe(200);
    const send = await sent.promise;
    for (const text of ['one', 'two']) {
      const next = once(body, 'data');
      send(text);
      expect(String((await next)[0])).toBe(text);
    }
    const end = once(body, 'end');
    send(null);
    await end;
  });

  it('is read no faster than its reader', async () => {
    let written = 0;
    let isDone = false;
    const chunk = Buffer.alloc(64 * 1024);
    const total = 256 * chunk.length;
    const stalled = Promise.withResolvers<void>();
    const { pool } = await answering((_request, response) => {
      const more = () => {
        if (written === total) {
          isDone = true;
          response.end();
          return;
        }
        written += chunk.length;
        if (response.write(chunk)) more();
        else {
          response.once('drain', more);
          stalled.resolve();
        }
      };
      more();
    });
    const { body } = await pool.stream(GET, anAttempt());
    await stalled.promise;
    expect(body.readableLength).toBeLessThan(256 * 1024);
    expect(isDone).toBe(false);
    let read = 0;
    for await (const piece of body) read += (piece as Buffer).length;
    expect(read).toBe(total);
  });

  it.each(['destroyed', 'cancelled'])('ends the request when it is %s', async (how) => {
    const { pool, server } = await answering((_request, response) => {
      response.write('one');
    });
    const attempt = anAttempt();
    const { body } = await pool.stream(GET, attempt);
    body.on('error', () => undefined);
    const closed = closeOf(server.sockets[0]!);
    if (how === 'destroyed') body.destroy();
    else attempt.cancel();
    await closed;
    expect(body.destroyed).toBe(true);
  });

  it('of an error is a failure, as for whole exchanges', async () => {
    const { pool } = await answering((_request, response) => response.writeHead(400).end('{"error": "no"}'));
    expect(await failureOf(pool.stream(GET, anAttempt()))).toMatchObject({ kind: 'rejected', message: 'no' });
  });

  it.each([
    ['the connection closes', (socket: Socket) => socket.end(), {}, undefined],
    ['nothing comes', () => undefined, { idleMs: 50 }, true],
    ['it takes too long', () => undefined, { totalMs: 50 }, true],
  ])('breaks off with a failure when %s', async (_name, then, timeouts, timedOut) => {
    const { pool } = await scripted(
      (socket) => {
        socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n3\r\none\r\n`);
        then(socket);
      },
      { timeouts },
    );
    const { body } = await pool.stream(GET, anAttempt());
    const failure = await failureOf(body.forEach(() => undefined));
    expect(failure.kind).toBe('broken');
    expect(failure.details.timedOut).toBe(timedOut);
  });
});
