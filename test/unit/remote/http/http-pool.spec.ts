import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { HttpPool } from '../../../../src/remote/http/http-pool';
import { anAttempt, failureOf, LONG, serveHttp, targetAt } from '../loopback';
import { answering, closeOf, GET, HEAD, keep, LIMIT, opened, poolOf, scripted } from './pools';

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
    expect((await failure).kind).toBe('broken');
    expect((await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).kind).toBe('connect');
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

  it('is made for a header that is not valid', async () => {
    const { pool } = await answering((_request, response) => response.end(), { headers: { 'x-a': 'a\nb' } });
    expect(await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).toMatchObject({
      kind: 'misconfigured',
      message: 'a configured header or the path of the URL is not valid HTTP',
    });
  });

  it('is reported when the host does not exist', async () => {
    const pool = new HttpPool(targetAt('http://nowhere.invalid'), LONG);
    opened.push(() => pool.close());
    expect((await failureOf(pool.exchange(GET, LIMIT, anAttempt()))).kind).toBe('connect');
  });
});

describe('a stream', () => {
  it('delivers pieces as they arrive', async () => {
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
