import type { Socket } from 'node:net';
import type { TargetTimeouts } from '../../../../src/remote/target';
import { anAttempt, failureOf } from '../loopback';
import { answering, closeOf, GET, HEAD, LIMIT, scripted, sending } from './pools';

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

  it('that trickles is ended when the attempt is cancelled', async () => {
    const trickling = Promise.withResolvers<Socket>();
    const { pool } = await scripted((socket) => {
      trickling.resolve(socket);
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      const timer = setInterval(() => socket.write('1\r\na\r\n'), 1);
      socket.once('close', () => clearInterval(timer));
    });
    const attempt = anAttempt();
    const failure = failureOf(pool.exchange(GET, LIMIT, attempt));
    const socket = await trickling.promise;
    attempt.cancel();
    expect((await failure).kind).toBe('broken');
    await closeOf(socket);
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
