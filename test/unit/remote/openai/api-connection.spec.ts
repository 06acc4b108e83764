import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { Attempt } from '../../../../src/remote/attempt';
import type { ForwardedRequest } from '../../../../src/remote/forwarded';
import { openApi } from '../../../../src/remote/openai/api-connection';
import { anAttempt, failureOf, LONG, serveHttp, targetAt } from '../loopback';

const REQUEST: ForwardedRequest = {
  path: '/chat/completions',
  contentType: 'application/json',
  bodyFor: (model) => [Buffer.from('{"model":"'), Buffer.from(model), Buffer.from('"}')],
  headers: { 'openai-beta': 'a=b' },
};

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The connection to an engine that answers with `listener`. */
async function engine(listener: RequestListener) {
  const server = await serveHttp(listener);
  const target = targetAt(`http://127.0.0.1:${server.port}/v1`, {
    protocol: 'openai',
    model: 'tiny',
    headers: { authorization: 'Bearer secret-of-engine' },
  });
  const connection = openApi(target, LONG);
  stops.push(
    () => connection.close(),
    () => server.stop(),
  );
  return connection;
}

/** The connection to an engine that answers everything with `status` and `body`. */
const answering = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  engine((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });

const models = (...ids: readonly string[]) => ({
  object: 'list',
  data: ids.map((id) => ({ id, object: 'model' })),
});

describe('the check of a target', () => {
  it.each([
    ['lists the model', 200, models('other', 'tiny')],
    ['lists it as Ollama does', 200, models('tiny:latest')],
    ['has no list', 404, {}],
    ['does not allow the method', 405, {}],
    ['asks to wait', 429, {}],
    ['answers with something else', 200, '<html>'],
  ])('passes if it %s', async (_what, status, body) => {
    const connection = await answering(status, body);
    await expect(connection.check(anAttempt())).resolves.toBeUndefined();
  });

  it.each([
    [
      'does not list the model',
      200,
      models('small', 'large'),
      'misconfigured',
      "the model 'tiny'; it has small, large;",
    ],
    [
      'lists many others',
      200,
      models(...Array.from({ length: 30 }, (_, index) => `m${index}`)),
      'misconfigured',
      'm9 and 20 more',
    ],
    ['lists none', 200, models(), 'misconfigured', 'it has none'],
    ['does not accept the key', 401, {}, 'misconfigured', 'credentials'],
    ['fails', 500, {}, 'failed', 'status 500'],
    ['is full', 503, {}, 'failed', 'status 503'],
  ])('fails if it %s', async (_what, status, body, kind, message) => {
    const connection = await answering(status, body);
    const failure = await failureOf(connection.check(anAttempt()));
    expect(failure.kind).toBe(kind);
    expect(failure.message).toContain(message);
  });
});

describe('a request', () => {
  it('is sent with the model and the key of the target, and its response is passed as it comes', async () => {
    let seen: { url: string | undefined; headers: IncomingMessage['headers']; body: string } | undefined;
    let finish!: () => void;
    const connection = await engine((request, response) => {
      const { url, headers } = request;
      void text(request).then((body) => (seen = { url, headers, body }));
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'openai-processing-ms': '5',
        'openai-organization': 'ours',
        'x-ratelimit-limit-requests': '5',
      });
      response.write('data: 1\n\n');
      finish = () => response.end('data: 2\n\n');
    });
    const answer = await connection.forward(REQUEST, anAttempt());
    expect(seen).toMatchObject({
      url: '/v1/chat/completions',
      headers: {
        authorization: 'Bearer secret-of-engine',
        'openai-beta': 'a=b',
        'content-type': 'application/json',
      },
      body: '{"model":"tiny"}',
    });
    expect(answer).toMatchObject({
      status: 200,
      contentType: 'text/event-stream',
      length: undefined,
      headers: { 'openai-processing-ms': '5' },
    });
    expect(Object.keys(answer.headers)).toEqual(['openai-processing-ms']);
    const [first] = (await once(answer.body, 'data')) as [Buffer];
    expect(first.toString()).toBe('data: 1\n\n');
    finish();
    expect((await buffer(answer.body)).toString()).toBe('data: 2\n\n');
  });

  it('has the length of its response', async () => {
    const connection = await answering(200, { id: 'é' }, { 'content-length': '11' });
    const answer = await connection.forward(REQUEST, anAttempt());
    expect(answer.length).toBe(11);
    expect(await text(answer.body)).toBe('{"id":"é"}');
  });

  const error = {
    message: 'max_tokens is too large',
    type: 'BadRequestError',
    param: 'max_tokens',
    code: 400,
  };

  it.each([
    [400, 400],
    [413, 413],
    [422, 422],
    [404, 404],
    [501, 400],
  ])(
    'that the engine rejects with %d has the error of the engine, and status %d',
    async (received, status) => {
      const connection = await answering(received, { error: { ...error, extra: [1] } });
      const failure = await failureOf(connection.forward(REQUEST, anAttempt()));
      expect(failure).toMatchObject({
        kind: 'rejected',
        message: error.message,
        details: { answer: { status, error: { ...error, extra: [1] } } },
      });
    },
  );

  it.each([
    ['an error of another form', 400, { detail: 'no' }, 'rejected', 'no'],
    [
      'an error with the key in it',
      400,
      { error: { message: 'secret-of-engine' } },
      'rejected',
      'status 400',
    ],
    ['an unknown path', 404, { detail: 'Not Found' }, 'rejected', 'does not serve /chat/completions'],
    ['an operation that it lacks', 501, {}, 'rejected', 'does not serve /chat/completions (status 501)'],
    [
      'an unknown model',
      404,
      { error: { message: 'x', code: 'model_not_found' } },
      'misconfigured',
      'does not have the model',
    ],
    [
      'an unknown model of vLLM',
      404,
      { error: { message: 'x', param: 'model' } },
      'misconfigured',
      'does not have',
    ],
    [
      'a wrong key',
      401,
      { error: { message: 'Incorrect key secret-of***' } },
      'misconfigured',
      'credentials',
    ],
    ['too many requests', 429, { error }, 'overloaded', 'overloaded'],
    ['a fault', 500, { error }, 'failed', 'status 500'],
  ])('that is answered with %s', async (_what, status, body, kind, message) => {
    const connection = await answering(status, body);
    const failure = await failureOf(connection.forward(REQUEST, anAttempt()));
    expect(failure.kind).toBe(kind);
    expect(failure.message).toContain(message);
    if (kind === 'rejected') expect(failure.details.answer).toBeUndefined();
  });

  it('whose response breaks off fails in the stream, even if nobody listens yet', async () => {
    const connection = await engine((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n', () => response.destroy());
    });
    const { body } = await connection.forward(REQUEST, anAttempt());
    await new Promise((resolve) => body.once('close', resolve));
    expect(body.errored).toMatchObject({ kind: 'broken' });
  });

  it('ends at the target if its body is destroyed, and if its attempt is cancelled', async () => {
    const closed: Promise<unknown>[] = [];
    const requests: (() => void)[] = [];
    const connection = await engine((request, response) => {
      closed.push(once(response, 'close'));
      if (closed.length === 1) response.writeHead(200).write('data: 1\n\n');
      else requests.shift()!();
      request.resume();
    });
    const { body } = await connection.forward(REQUEST, anAttempt());
    body.destroy();
    await closed[0];
    const attempt = new Attempt(Infinity);
    const arrived = new Promise<void>((resolve) => requests.push(resolve));
    const failure = failureOf(connection.forward(REQUEST, attempt));
    await arrived;
    attempt.cancel();
    expect(await failure).toMatchObject({ kind: 'broken' });
    await closed[1];
  });
});
