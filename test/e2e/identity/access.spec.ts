import { affine } from '../../fixtures/models';
import { KeysFile } from '../../fixtures/keys';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { sendBytes } from '../support/http';
import { tearDown } from '../support/tear-down';

const repository = new Repository()
  .model('open', affine())
  .model('secret', affine())
  .model('ocr-lines', affine())
  .add('broken/1/model.onnx', 'no model');
const file = new KeysFile();
const keys = {
  infer: file.add('infer', { scopes: ['infer'] }),
  read: file.add('read', { scopes: ['read'] }),
  admin: file.add('admin', { scopes: ['admin'] }),
  all: file.add('all', { scopes: ['infer', 'read', 'admin'], tenant: 'acme' }),
  some: file.add('some', { scopes: ['infer', 'read', 'admin'], models: ['open', 'ocr-*'] }),
};
type KeyName = keyof typeof keys;
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_KEYS_FILE: file.path,
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
  });
  client = new GrpcClient(gateway.grpc);
});

afterAll(async () => {
  client.close();
  file.remove();
  await tearDown(gateway, repository);
});

const bearer = (name: KeyName) => ({ authorization: `Bearer ${keys[name]}` });
const ask = (method: string, path: string, name?: KeyName, body: object = {}) =>
  gateway.send(path, {
    method,
    headers: name === undefined ? {} : bearer(name),
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
const statusOf = async (method: string, path: string, name?: KeyName, body?: object) =>
  (await ask(method, path, name, body)).status;

/** Routes, and which of the keys with one scope may use each. */
type Route = readonly [method: string, path: string, allowed: readonly KeyName[], body: object | undefined];

const ROUTES = (
  [
    ['POST', '/v2/models/open/infer', ['infer'], oneRow(1)],
    ['POST', '/v1/models/open/predict', ['infer'], { inputs: { x: [[1]] } }],
    ['POST', '/v1/models/open:predict', ['infer'], { instances: [[1]] }],
    ['GET', '/v2', ['infer', 'read', 'admin']],
    ['GET', '/v2/models', ['infer', 'read', 'admin']],
    ['GET', '/v2/models/open', ['infer', 'read', 'admin']],
    ['GET', '/v2/models/open/ready', ['infer', 'read', 'admin']],
    ['GET', '/v2/models/open/config', ['infer', 'read', 'admin']],
    ['GET', '/v1/models', ['infer', 'read', 'admin']],
    ['GET', '/v1/models/open', ['infer', 'read', 'admin']],
    ['POST', '/v2/repository/index', ['infer', 'read', 'admin']],
    ['GET', '/v2/models/stats', ['read', 'admin']],
    ['GET', '/v2/models/open/stats', ['read', 'admin']],
    ['GET', '/v1/models/open/traffic', ['read', 'admin']],
    ['GET', '/v2/logging', ['read', 'admin']],
    ['GET', '/v2/trace/setting', ['read', 'admin']],
    ['GET', '/metrics', ['read', 'admin']],
    ['GET', '/openapi.json', ['read', 'admin']],
    ['GET', '/docs', ['read', 'admin']],
    ['GET', '/redoc', ['read', 'admin']],
    ['POST', '/v2/logging', ['admin']],
    ['POST', '/v2/trace/setting', ['admin']],
    ['PUT', '/v1/models/open/aliases/stable', ['admin'], { version: '1' }],
    ['POST', '/v2/repository/models/open/load', ['admin']],
    ['POST', '/v2/systemsharedmemory/unregister', ['admin']],
  ] as readonly (readonly [string, string, readonly KeyName[], object?])[]
).map(([method, path, allowed, body]): Route => [method, path, allowed, body]);

describe.each(ROUTES)('%s %s', (method, path, allowed, body) => {
  it(`lets in ${allowed.join(' and ')} only`, async () => {
    expect(await statusOf(method, path, undefined, body)).toBe(401);
    for (const name of ['infer', 'read', 'admin'] as const)
      expect([name, await statusOf(method, path, name, body)]).toEqual([
        name,
        allowed.includes(name) ? 200 : 403,
      ]);
  });
});

describe('health', () => {
  it.each([
    '/',
    '/health/live',
    '/health/ready',
    '/health/startup',
    '/v2/health/live',
    '/v2/health/ready',
    '/health',
  ])('%s is open, and names no models, reasons or versions to strangers', async (path) => {
    const { status, body } = await ask('GET', path);
    expect(status).toBe(200);
    expect(body.toString()).not.toMatch(/open|secret|ocr|broken|version|reason/);
  });

  it('shows all of it to a client that may read', async () => {
    const text = (await ask('GET', '/health', 'read')).body.toString();
    for (const name of ['open', 'secret', 'broken']) expect(text).toContain(name);
    expect((await ask('GET', '/health', 'some')).body.toString()).not.toContain('secret');
  });

  it('is open to a client with a wrong key', async () => {
    const headers = { authorization: 'Bearer nxs_wrong' };
    expect((await gateway.send('/health/live', { headers })).status).toBe(200);
  });
});

describe('a model that a key may not see', () => {
  it.each([
    ['POST', '/v2/models/NAME/infer', oneRow(1)],
    ['POST', '/v1/models/NAME:predict', { instances: [[1]] }],
    ['GET', '/v2/models/NAME', undefined],
    ['GET', '/v2/models/NAME/ready', undefined],
    ['GET', '/v1/models/NAME', undefined],
    ['GET', '/v2/models/NAME/versions/1', undefined],
    ['PUT', '/v1/models/NAME/aliases/stable', { version: '1' }],
    ['GET', '/v1/models/NAME/traffic', undefined],
  ])('is like one that is not there: %s %s', async (method, path, body) => {
    const there = await ask(method, path.replace('NAME', 'secret'), 'some', body);
    const missing = await ask(method, path.replace('NAME', 'absent'), 'some', body);
    expect([there.status, missing.status]).toEqual([404, 404]);
    expect(there.body.toString().replaceAll('secret', 'absent')).toBe(missing.body.toString());
    expect(Object.keys(there.headers)).toEqual(Object.keys(missing.headers));
  });

  it('is in no list', async () => {
    for (const [method, path] of [
      ['GET', '/v2/models'],
      ['GET', '/v1/models'],
      ['POST', '/v2/repository/index'],
      ['GET', '/v2/models/stats'],
      ['GET', '/openapi.json'],
    ] as const) {
      const text = (await ask(method, path, 'some')).body.toString();
      expect([path, text.includes('ocr-lines'), text.includes('secret')]).toEqual([path, true, false]);
      expect((await ask(method, path, 'all')).body.toString()).toContain('secret');
    }
  });

  it('is in no metric, because those are for clients that see every model', async () => {
    for (const path of ['/metrics', '/v2/logging', '/v2/trace/setting'])
      expect([path, await statusOf('GET', path, 'some')]).toEqual([path, 403]);
  });
});

describe('over gRPC', () => {
  const call = async (method: string, message: object, name?: KeyName, keyed?: Record<string, string>) => {
    const { error, response } = await client.call(
      method,
      message,
      keyed ?? (name === undefined ? {} : bearer(name)),
    );
    return { code: error?.code ?? 0, details: error?.details, response };
  };
  const infer = (model: string) => messageOf(model, oneRow(1));

  it.each([
    ['ModelInfer', infer('open'), ['infer']],
    ['ModelMetadata', { name: 'open' }, ['infer', 'read', 'admin']],
    ['ServerMetadata', {}, ['infer', 'read', 'admin']],
    ['ModelStatistics', {}, ['read', 'admin']],
    ['RepositoryIndex', {}, ['infer', 'read', 'admin']],
    ['RepositoryModelLoad', { model_name: 'open' }, ['admin']],
    ['LogSettings', {}, ['admin']],
    ['SystemSharedMemoryStatus', {}, ['read', 'admin']],
  ])('%s lets in who has its scope', async (method, message, allowed) => {
    expect((await call(method, message)).code).toBe(16);
    for (const name of ['infer', 'read', 'admin'] as const)
      expect([name, (await call(method, message, name)).code]).toEqual([
        name,
        allowed.includes(name) ? 0 : 7,
      ]);
  });

  it.each([
    ['x-api-key', () => keys.all],
    ['authorization', () => `Basic ${Buffer.from(`user:${keys.all}`).toString('base64')}`],
  ])('takes a key as %s', async (name, value) => {
    expect((await call('ServerMetadata', {}, undefined, { [name]: value() })).code).toBe(0);
  });

  it('hides models like those that are not there', async () => {
    for (const [method, message] of [
      ['ModelInfer', infer],
      ['ModelMetadata', (name: string) => ({ name })],
      ['ModelStatistics', (name: string) => ({ name })],
    ] as const) {
      const [there, missing] = [
        await call(method, message('secret'), 'some'),
        await call(method, message('absent'), 'some'),
      ];
      expect([there.code, there.details?.replace('secret', 'absent')]).toEqual([5, missing.details]);
    }
    const { response } = await call('RepositoryIndex', {}, 'some');
    expect(response.models.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'ocr-lines',
      'open',
    ]);
  });

  it('is healthy for everyone, and names models only to those who see them', async () => {
    expect((await call('ServerLive', {})).code).toBe(0);
    expect((await call('ServerReady', {})).code).toBe(0);
  });

  it('refuses a stream of a stranger, and its connection goes on', async () => {
    const stream = client.stream('ModelStreamInfer');
    stream.call.write(infer('open'));
    expect((await stream.ended).code).toBe(16);
    const allowed = client.stream('ModelStreamInfer', bearer('infer'));
    allowed.call.write(infer('open'));
    allowed.call.write(infer('secret'));
    allowed.call.end();
    expect((await allowed.ended).code).toBe(0);
    expect(allowed.answers.map(({ error_message }) => error_message)).toEqual(['', '']);
  });
});

describe('credentials', () => {
  const use = (headers: Record<string, string>) => gateway.send('/v2', { headers });

  it.each([
    ['a bearer key', () => ({ authorization: `Bearer ${keys.read}` })],
    ['a scheme in other case', () => ({ authorization: `bearer ${keys.read}` })],
    ['an x-api-key', () => ({ 'x-api-key': keys.read })],
    ['Basic', () => ({ authorization: `Basic ${Buffer.from(`triton:${keys.read}`).toString('base64')}` })],
    ['the same key twice', () => ({ authorization: `Bearer ${keys.read}`, 'x-api-key': keys.read })],
  ])('are accepted as %s', async (_way, headers) => {
    expect((await use(headers())).status).toBe(200);
  });

  it.each([
    ['nothing', () => ({})],
    ['a cut key', () => ({ 'x-api-key': keys.read.slice(0, -1) })],
    ['a made-up key', () => ({ 'x-api-key': 'nxs_read_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_000000' })],
    ['two different keys', () => ({ authorization: `Bearer ${keys.read}`, 'x-api-key': keys.all })],
    ['two bearer keys', () => ({ authorization: `Bearer ${keys.read}, Bearer ${keys.all}` })],
    [
      'Basic without a colon',
      () => ({ authorization: `Basic ${Buffer.from(keys.read).toString('base64')}` }),
    ],
    ['Basic that is not base64', () => ({ authorization: 'Basic !!' })],
    ['another scheme', () => ({ authorization: `Digest ${keys.read}` })],
    ['a scheme alone', () => ({ authorization: 'Bearer ' })],
    ['a huge token', () => ({ authorization: `Bearer ${'a'.repeat(15_000)}` })],
    ['a token without a signature', () => ({ authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.' })],
  ])('are refused alike: %s', async (_way, headers) => {
    const answer = await use(headers());
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="nexus"');
    expect(answer.json()).toEqual({
      error: expect.stringMatching(/^valid credentials are required; send an API key/),
    });
  });

  it('are never taken from the query string', async () => {
    expect((await gateway.send(`/v2?api_key=${keys.all}&access_token=${keys.all}`)).status).toBe(401);
  });

  it('twice in one request are refused, whatever the order', async () => {
    const [authorization, other] = [`Bearer ${keys.read}`, 'Bearer nxs_other'];
    for (const both of [
      [authorization, other],
      [other, authorization],
    ]) {
      const lines = both.map((value) => `authorization: ${value}\r\n`).join('');
      const request = `GET /v2 HTTP/1.1\r\nhost: nexus\r\n${lines}connection: close\r\n\r\n`;
      expect(await sendBytes(gateway.url, Buffer.from(request))).toMatch(/^HTTP\/1.1 401 /);
    }
  });

  it('are asked for by the pages so that browsers show a form', async () => {
    const { headers } = await ask('GET', '/docs');
    expect(headers['www-authenticate']).toMatch(/^Basic realm="nexus"/);
  });

  it('missing or insufficient ones are errors in the form of the path', async () => {
    expect((await ask('GET', '/v1/models')).json().error).toMatchObject({
      type: 'unauthenticated',
      code: 'unauthenticated',
    });
    expect((await ask('GET', '/metrics', 'infer')).json().error).toMatchObject({
      type: 'forbidden',
      code: 'forbidden',
    });
  });

  it('are not needed to learn that a path does not exist', async () => {
    expect(await statusOf('GET', '/nothing')).toBe(404);
  });
});

describe('the log', () => {
  it('has why credentials were refused, with the id of the key and without the key', async () => {
    const wrong = `${keys.read.slice(0, 9)}A${keys.read.slice(10)}`;
    await gateway.send('/v2', { headers: { 'x-api-key': wrong, 'x-request-id': 'wrong-1' } });
    expect(await gateway.logged(({ requestId }) => requestId === 'wrong-1')).toMatchObject({
      status: 401,
      reason: expect.any(String),
    });
    await gateway.send('/v2', { headers: { ...bearer('all'), 'x-request-id': 'right-1' } });
    expect(await gateway.logged(({ requestId }) => requestId === 'right-1')).toMatchObject({
      caller: 'acme/all',
    });
  });

  it('has no name twice in a line, which some readers reject', async () => {
    await gateway.send('/v2/nothing', { headers: { ...bearer('all'), 'x-request-id': 'twice-1' } });
    await gateway.logged(({ requestId }) => requestId === 'twice-1');
    const line = gateway.stdout.split('\n').find((each) => each.includes('twice-1'))!;
    expect(line.match(/"caller":/g)).toHaveLength(1);
  });

  it('has an audit line for each operation that changes the server', async () => {
    await gateway.send('/v2/logging', {
      method: 'POST',
      headers: { ...bearer('admin'), 'x-request-id': 'audit-1' },
      body: '{}',
    });
    await gateway.send('/v2/logging', {
      method: 'POST',
      headers: { ...bearer('infer'), 'x-request-id': 'audit-2' },
      body: '{}',
    });
    await client.call(
      'RepositoryModelLoad',
      { model_name: 'open' },
      { ...bearer('admin'), 'x-request-id': 'audit-3' },
    );
    const audit = (id: string) => gateway.logged(({ msg, requestId }) => msg === 'audit' && requestId === id);
    expect(await audit('audit-1')).toMatchObject({
      caller: 'default/admin',
      address: '127.0.0.1',
      operation: 'POST /v2/logging',
      status: 200,
      outcome: 'success',
    });
    expect(await audit('audit-2')).toMatchObject({
      caller: 'default/infer',
      status: 403,
      outcome: 'forbidden',
    });
    expect(await audit('audit-3')).toMatchObject({
      operation: '/inference.GRPCInferenceService/RepositoryModelLoad',
      model: 'open',
      status: 'OK',
      outcome: 'success',
    });
  });

  it('contains no key, secret or hash', () => {
    const secrets = Object.values(keys).flatMap((key) => [key, key.split('_')[2]!]);
    for (const secret of secrets) expect(gateway.stdout + gateway.stderr).not.toContain(secret);
    expect(gateway.stdout).not.toMatch(/sha256:|Bearer nxs|Basic [A-Za-z0-9+/]{20}/);
  });
});
