import { affine, bfloat16, echo } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const SPACED = 'größte 模型 1';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .add('affine/2/model.onnx', affine(2))
    .add('affine/9/model.onnx', affine(9))
    .add('affine/10/model.onnx', affine(10))
    .add('half/1/model.onnx', affine(3))
    .add('half/2/model.onnx', bfloat16())
    .model(SPACED, echo());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const get = async (path: string) => {
  const answer = await gateway.send(path);
  return { status: answer.status, body: answer.json() };
};
const index = async (body?: string) =>
  (
    await gateway.send('/v2/repository/index', { method: 'POST', ...(body === undefined ? {} : { body }) })
  ).json();
const x = oneRow(1);

describe('what the server tells', () => {
  it('is its name, version and extensions', async () => {
    expect(await get('/v2')).toEqual({
      status: 200,
      body: {
        name: 'nexus',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        extensions: expect.arrayContaining(['binary_tensor_data', 'model_repository', 'statistics']),
      },
    });
    expect((await get('/v2/models')).body).toEqual({ models: ['affine', SPACED, 'half'] });
  });

  it('is what a model takes and gives, with the versions that are ready', async () => {
    const tensor = { datatype: 'FP32', shape: [-1, -1] };
    const affineModel = {
      name: 'affine',
      versions: ['2', '9', '10'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', ...tensor }],
      outputs: [{ name: 'y', ...tensor }],
      properties: { device: 'cpu', max_batch_rows: '64' },
    };
    expect((await get('/v2/models/affine')).body).toEqual(affineModel);
    expect((await get('/v2/models/affine/versions/9')).body).toEqual({ ...affineModel, versions: ['9'] });
    expect((await get('/v2/models/half')).body.versions).toEqual(['1']);
  });

  it('is whether a model or a version is ready', async () => {
    const ready = { status: 200, body: { name: 'affine', ready: true } };
    expect(await get('/v2/models/affine/ready')).toEqual(ready);
    expect(await get('/v2/models/affine/versions/2/ready')).toEqual(ready);
    expect((await get('/v2/models/half/ready')).status).toBe(200);
    expect(await get('/v2/models/half/versions/2/ready')).toEqual({
      status: 503,
      body: { error: expect.stringMatching(/^model 'half' version 2 is not ready: UNAVAILABLE, .*BFLOAT16/) },
    });
  });

  it.each([undefined, '', '{}', '{"ready": false}'])(
    'is the index of the repository, for the body %j',
    async (body) => {
      expect(await index(body)).toEqual([
        ...['2', '9', '10'].map((version) => ({ name: 'affine', version, state: 'READY', reason: '' })),
        { name: SPACED, version: '1', state: 'READY', reason: '' },
        { name: 'half', version: '1', state: 'READY', reason: '' },
        { name: 'half', version: '2', state: 'UNAVAILABLE', reason: expect.stringContaining('BFLOAT16') },
      ]);
    },
  );

  it('is the index of what is ready', async () => {
    const ready = (await index('{"ready": true}')) as { name: string; version: string }[];
    expect(ready.map(({ name, version }) => `${name}/${version}`)).toEqual([
      'affine/2',
      'affine/9',
      'affine/10',
      `${SPACED}/1`,
      'half/1',
    ]);
  });

  it.each(['[]', 'null', '{"ready": 1}'])('is 400 for an index asked for with %s', async (body) => {
    const answer = await gateway.send('/v2/repository/index', { method: 'POST', body });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/^the body must be empty or/),
    ]);
  });

  it('is 400 for what is no JSON, and tells where that is', async () => {
    const body = '{\n  "ready": treu\n}';
    const answer = await gateway.send('/v2/repository/index', { method: 'POST', body });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      'the body is not valid JSON: expected a value, got "t" at position 13 (line 2, column 12)',
    ]);
  });

  it('may be asked for with a byte order mark', async () => {
    const answer = await gateway.send('/v2/repository/index', {
      method: 'POST',
      body: '\ufeff{"ready": true}',
    });
    expect(answer.status).toBe(200);
  });
});

describe('a model', () => {
  it.each([
    ['affine', '10', 11],
    ['affine/versions/9', '9', 10],
    ['half', '1', 4],
  ])('is run by its path %s: version %s', async (path, version, y) => {
    const { status, body } = await gateway.infer(path, x);
    expect(status).toBe(200);
    expect(body).toMatchObject({ model_version: version, outputs: [{ data: [y] }] });
  });

  it('may have any characters in its name', async () => {
    const name = encodeURIComponent(SPACED);
    const inputs = [{ name: 'x', datatype: 'BYTES', shape: [1, 1], data: ['a'] }];
    expect((await gateway.infer(name, { inputs })).body).toMatchObject({ model_name: SPACED });
    expect((await get(`/v2/models/${name}`)).body.name).toBe(SPACED);
  });
});

describe('every answer', () => {
  it.each(['/v2', '/health', '/metrics', '/docs', '/nowhere', '/v2/models/none', '/v2/models/affine/infer'])(
    'has the id of its request: %s',
    async (path) => {
      const given = await gateway.send(path, { headers: { 'x-request-id': 'my-id.1' } });
      expect(given.headers['x-request-id']).toBe('my-id.1');
      const [one, other] = [await gateway.send(path), await gateway.send(path)];
      expect(one.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(other.headers['x-request-id']).not.toBe(one.headers['x-request-id']);
    },
  );

  it.each([['with spaces inside'], ['x'.repeat(129)], ['']])(
    'has an id of its own when %j came, which is none',
    async (id) => {
      const { headers } = await gateway.send('/v2', { headers: { 'x-request-id': id } });
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('that is an error on /v2 is one text', async () => {
    const error = async (path: string, method = 'GET') => {
      const answer = await gateway.send(path, { method });
      expect(answer.headers['content-type']).toBe('application/json');
      return { status: answer.status, ...answer.json() };
    };
    const notFound = (text: string) => ({ status: 404, error: expect.stringContaining(text) });
    expect(await error('/v2/nowhere?key=1')).toEqual(
      notFound('no route for GET /v2/nowhere; /docs lists every route'),
    );
    expect(await error('/v2/models/none')).toEqual(notFound("model 'none' not found"));
    expect(await error('/v2/models/affine/versions/3')).toEqual(
      notFound('version 3 not found; it has versions 2, 9, 10'),
    );
  });

  it.each([
    ['/v2/models/affine', 'DELETE', 'GET, HEAD'],
    ['/v2/models/affine/infer?x=1', 'GET', 'POST'],
    ['/v2/models/affine/versions/2/infer', 'PUT', 'POST'],
    ['/v2/repository/index', 'GET', 'POST'],
    ['/v2/logging', 'PATCH', 'GET, HEAD, POST'],
  ])('for %s with %s is 405 and tells the methods there are', async (path, method, allow) => {
    const answer = await gateway.send(path, { method });
    expect([answer.status, answer.headers['allow']]).toEqual([405, allow]);
    expect(answer.json()).toEqual({
      error: `${path.split('?')[0]} does not support ${method}; use ${allow}`,
    });
  });

  it('for a method that is not there has the form of errors elsewhere', async () => {
    const answer = await gateway.send('/health', { method: 'POST' });
    expect([answer.status, answer.json().error.code]).toEqual([405, 'wrong_method']);
  });

  it('that is an error elsewhere is an object', async () => {
    const answer = await gateway.send('/v3');
    expect([answer.status, answer.json()]).toEqual([
      404,
      {
        error: {
          message: 'no route for GET /v3; /docs lists every route',
          type: 'not_found',
          param: null,
          code: 'route_not_found',
        },
      },
    ]);
  });
});

describe.each([
  ['systemsharedmemory', /set NEXUS_SYSTEM_SHARED_MEMORY=.* or send tensors as data/],
  ['cudasharedmemory', /CUDA shared memory is not supported; send tensors as data/],
])('%s', (kind, refusal) => {
  const post = (path: string) => gateway.send(`/v2/${kind}/${path}`, { method: 'POST' });

  it('has no regions, and takes away none', async () => {
    expect((await gateway.send(`/v2/${kind}/status`)).json()).toEqual([]);
    for (const path of ['unregister', 'region/a/unregister']) {
      const { status, body } = await post(path);
      expect([status, body.length]).toEqual([200, 0]);
    }
  });

  it('registers none, and says what to do instead', async () => {
    const answer = await post('region/a/register');
    expect([answer.status, answer.json()]).toEqual([501, { error: expect.stringMatching(refusal) }]);
  });
});
