import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Nexus, tensor, type NexusOptions } from '../../../clients/typescript/src/index.ts';
import { affine, counter } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { freePort } from '../support/redis';

const ITEM = { inputs: { x: [1, 2] } };

/** A fetch that keeps the statuses of what came back. */
function recorder(onAnswer: (status: number) => void = () => {}) {
  const statuses: number[] = [];
  const recorded: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    statuses.push(response.status);
    onAnswer(response.status);
    return response;
  };
  return { fetch: recorded, statuses };
}

describe('a client of a gateway', () => {
  let repository: Repository;
  beforeAll(() => {
    repository = new Repository().model('affine', affine()).model('counter', counter());
  });
  afterAll(() => repository.remove());

  it('waits as long as Retry-After says, and then succeeds', async () => {
    const limit = { NEXUS_RATE_LIMIT: '1', NEXUS_RATE_LIMIT_WINDOW_S: '1' };
    const gateway = await Gateway.start(repository, limit);
    const { fetch: recorded, statuses } = recorder();
    const nexus = new Nexus({ url: gateway.url, fetch: recorded, retries: 1 });
    // The window may end between two requests, but not between all of them.
    while (!statuses.includes(429)) {
      expect(await nexus.predict('affine', ITEM)).toMatchObject({ outputs: { y: [3, 5] } });
    }
    expect(statuses.slice(-2)).toEqual([429, 200]);
    await gateway.stop();
  });

  it('ends a wait for the next attempt with its signal', async () => {
    const gateway = await Gateway.start(repository, { NEXUS_RATE_LIMIT: '1' });
    const controller = new AbortController();
    const reason = new Error('enough');
    const { fetch: recorded, statuses } = recorder((status) => {
      if (status === 429) setImmediate(() => controller.abort(reason));
    });
    const nexus = new Nexus({ url: gateway.url, fetch: recorded });
    await nexus.models();
    await expect(nexus.models({ signal: controller.signal })).rejects.toBe(reason);
    expect(statuses).toEqual([200, 429]);
    await expect(new Nexus({ url: gateway.url, retries: 0 }).predict('affine', ITEM)).rejects.toMatchObject({
      status: 429,
      code: 'rate_limited',
      retryAfter: expect.any(Number),
    });
    await gateway.stop();
  });

  it('leaves a run with its signal', async () => {
    const gateway = await Gateway.start(repository);
    const nexus = new Nexus({ url: gateway.url });
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('too long');
    const running = gateway.running('counter');
    const aborted = running.then(() => controller.abort(reason));
    const endless = nexus.predict('counter', { inputs: { count: [1e15] } }, { signal });
    await expect(endless).rejects.toBe(reason);
    await aborted;
    await expect(nexus.models({ signal })).rejects.toBe(reason);
    await gateway.stop();
  });

  it('tells that nobody listens', async () => {
    const nexus = new Nexus({ url: `http://127.0.0.1:${await freePort()}`, retries: 0 });
    await expect(nexus.ready(undefined, { requestId: 'lost' })).rejects.toMatchObject({
      name: 'NexusError',
      status: undefined,
      code: 'connection_failed',
      requestId: 'lost',
      message: expect.stringMatching(/^cannot reach http.*ECONNREFUSED/),
    });
  });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with a status, headers and a body. */
function answer(status: number, headers: Record<string, string> = {}, body = '{}'): Handler {
  return (_request, response) => response.writeHead(status, headers).end(body);
}

describe('a client of a server that fails', () => {
  const requests: IncomingMessage[] = [];
  let handlers: Handler[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handlers.shift()!(request, response);
  });
  let url: string;
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/proxy/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A client of a server that handles each request with the next of `script`. */
  function client(script: Handler[], options: Partial<NexusOptions> = {}): Nexus {
    handlers = script;
    requests.length = 0;
    return new Nexus({ url, ...options });
  }

  it('tries again after a lost connection, 429 and 503, and not more often than it may', async () => {
    const drop: Handler = (request) => request.socket.destroy();
    const nexus = client([drop, answer(503), answer(429, { 'retry-after': '0' }), answer(200)]);
    await nexus.predict('any', ITEM);
    expect(requests.map(({ url: path }) => path)).toEqual(
      Array.from({ length: 4 }, () => '/behind/a/proxy/v1/models/any/predict'),
    );
    const once503 = client([answer(503), answer(503)], { retries: 1 });
    await expect(once503.predict('any', ITEM)).rejects.toMatchObject({ status: 503 });
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['another status', answer(500), {}],
    ['a longer wait than a minute', answer(503, { 'retry-after': '61' }), { retryAfter: 61 }],
    ['a date that is past the timeout', answer(429, { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' }), {}],
    ['a longer wait than the timeout', answer(429, { 'retry-after': '30' }), { retryAfter: 30 }],
  ])('does not try again after %s', async (_why, handler, facts) => {
    const nexus = client([handler]);
    await expect(nexus.predict('any', ITEM, { timeoutMs: 20_000 })).rejects.toMatchObject(facts);
    expect(requests).toHaveLength(1);
  });

  it('sends its key and its headers, and until when an answer is of use', async () => {
    const nexus = client([answer(200)], { apiKey: 'secret', headers: { 'x-team': 'seven' } });
    await nexus.predict('any', ITEM, { timeoutMs: 5_000, requestId: 'mine' });
    expect(requests[0]!.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      'x-request-id': 'mine',
      'x-request-timeout': expect.stringMatching(/^(5000|4\d{3})$/),
      'x-team': 'seven',
    });
  });

  it('stops waiting at its timeout', async () => {
    const silent: Handler = () => {};
    const error = { code: 'timeout', message: 'no answer in 50 ms', requestId: 'mine' };
    const nexus = client([silent]);
    await expect(nexus.models({ timeoutMs: 50, requestId: 'mine' })).rejects.toMatchObject(error);
    expect(requests).toHaveLength(1);
  });

  it('tells of answers that are not those of a gateway', async () => {
    const page = answer(502, {}, '<h1>Bad gateway</h1>');
    await expect(client([page]).models()).rejects.toMatchObject({
      status: 502,
      message: 'status 502: <h1>Bad gateway</h1>',
    });
    const told = { code: 'bad_answer', requestId: 'theirs' };
    const html = answer(200, { 'x-request-id': 'theirs' }, '<h1>Welcome</h1>');
    await expect(client([html]).models()).rejects.toMatchObject(told);
    const output = { name: 'y', datatype: 'FP32', shape: [1], data: [1] };
    const text = answer(200, { 'x-request-id': 'theirs' }, JSON.stringify({ outputs: [output] }));
    const x = tensor(new Float32Array(1), [1]);
    await expect(client([text]).infer('any', { x })).rejects.toMatchObject({
      ...told,
      message: expect.stringContaining('output y came without binary data'),
    });
  });

  it('takes both ways in which servers say that they are not ready', async () => {
    expect(await client([answer(503)]).ready()).toBe(false);
    expect(await client([answer(400, {}, '')]).ready('any')).toBe(false);
    expect(requests[0]!.url).toBe('/behind/a/proxy/v2/models/any/ready');
  });
});
