import { createHash } from 'node:crypto';
import { floats, model, node, value } from '../../fixtures/onnx';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const relu = (shape: readonly (number | string)[], columns = 0) =>
  model({
    input: [value('x', 'FLOAT', shape)],
    output: [value('y', 'FLOAT', columns === 0 ? shape : ['N', columns])],
    node:
      columns === 0
        ? [node('Relu', ['x'], ['y'])]
        : [node('GlobalAveragePool', ['x'], ['pooled']), node('Flatten', ['pooled'], ['y'])],
  });

const scale = model({
  input: [value('x', 'FLOAT', ['N', 2])],
  output: [value('y', 'FLOAT', ['N', 2])],
  initializer: [floats('factor', [1], [1.5])],
  node: [node('Mul', ['x', 'factor'], ['y'])],
});

const square = model({
  input: [value('x', 'INT64', ['N', 1])],
  output: [value('y', 'INT64', ['N', 1])],
  node: [node('Mul', ['x', 'x'], ['y'])],
});

const repository = new Repository()
  .model('scale', scale, 'example: { x: [1, 2.25] }\n')
  .model('image', relu(['N', 3, 224, 224], 3))
  .model('large', square, 'example: { x: [100000001] }\n')
  .model('mask', relu(['N', 3, 224, 224]))
  .model("it's.odd", relu(['N', 2]))
  .model('later', relu(['N', 2]), 'load: on_demand\n')
  .add('broken/1/model.onnx', '<script>`')
  .add('settings/1/model.onnx', scale)
  .add('settings/model.yaml', '"<img src=x>": 1\n');

let gateway: Gateway;
let document: any;
beforeAll(async () => {
  gateway = await Gateway.start(repository, { NEXUS_TRUST_PROXY: '127.0.0.1' });
  document = await read();
});
afterAll(() => tearDown(gateway, repository));

/** The document, once every model in memory has answered its example: readers do not wait for that for long. */
async function read(headers: Record<string, string> = {}): Promise<any> {
  for (;;) {
    const found = (await gateway.send('/openapi.json', { headers })).json();
    const answer = (name: string) =>
      found.paths[`/v1/models/${name}/predict`].post.responses[200].content['application/json'].example;
    if (['scale', 'image'].every(answer)) return found;
  }
}

const operation = (path: string) => document.paths[path].post;
const answerOf = (path: string) => operation(path).responses[200].content['application/json'];
const post = async (path: string, body: string): Promise<any> =>
  (await gateway.fetch(path, { method: 'POST', body })).json();

it.each(['/v1/models/scale/predict', '/v2/models/scale/infer'])('%s shows what it answers', async (path) => {
  const [{ value: body }] = Object.values<any>(
    operation(path).requestBody.content['application/json'].examples,
  );
  expect(answerOf(path).example).toEqual(await post(path, JSON.stringify(body)));
});

it('an example run is in no metric', async () => {
  const labels = `{model="image",version="1"}`;
  expect(await gateway.metric(`nexus_inference_rows_total${labels}`)).toBe(0);
  expect(await gateway.metric(`nv_inference_exec_count${labels}`)).toBe(0);
});

it.each(['predict', 'infer'])('an image is an example by reference, by %s', async (protocol) => {
  const path = `/${protocol === 'predict' ? 'v1' : 'v2'}/models/image/${protocol}`;
  const { fetched } = operation(path).requestBody.content['application/json'].examples;
  const body = await (await gateway.fetch(fetched.externalValue)).text();
  expect(JSON.stringify(operation(path)).length).toBeLessThan(body.length / 4);
  const answer = await post(path, body);
  expect(answer.outputs).toBeDefined();
  const [{ source }] = operation(path)['x-codeSamples'];
  expect(source).toContain(`${gateway.url}${fetched.externalValue}`);
});

it('a long answer is shown without its outputs', () => {
  const { example, examples } = answerOf('/v1/models/mask/predict');
  expect(example).toBeUndefined();
  expect(examples.frame.value).toEqual({ model: 'mask', version: '1', outputs: {} });
});

it('an answer with integers that JSON.parse would round is not shown', async () => {
  const { outputs } = await post('/v1/models/large/predict', '{"inputs":{"x":3}}');
  expect(outputs).toEqual({ y: [9] });
  expect(answerOf('/v1/models/large/predict').example).toBeUndefined();
});

it('a model that is not in memory is not loaded for its documentation', async () => {
  expect(document.paths['/v1/models/later/predict']).toBeUndefined();
  expect(gateway.runners('later/1')).toEqual([]);
});

it('tells why models are not served, in plain text', () => {
  const { description } = document.info;
  expect(description).toMatch(/\*\*broken\*\* version 1/);
  expect(description).toMatch(/\*\*settings\*\* version 1/);
  expect(description).not.toMatch(/(?<!\\)<img/);
});

it('names of models are quoted for every language', () => {
  const path = '/v1/models/it%27s.odd/predict';
  for (const { source } of operation(path)['x-codeSamples']) expect(source).toContain(path);
});

it.each([
  ['Host', { host: 'models.example:8443' }, 'http://models.example:8443'],
  ['a trusted proxy', { 'x-forwarded-host': 'a.example', 'x-forwarded-proto': 'https' }, 'https://a.example'],
  ['no address', { host: 'a$(id)' }, 'http://localhost:8000'],
  ['no address of a proxy', { 'x-forwarded-host': "a'; id" }, 'http://localhost:8000'],
])('the server is called as %s says', async (_who, headers, address) => {
  const { info } = await read(headers);
  expect(info.description).toContain(`curl ${address}/v1/models/`);
});

describe('security headers', () => {
  const FILES = [
    '/openapi.json',
    '/docs/swagger-ui-bundle.js',
    '/docs/swagger-ui-init.js',
    '/docs/swagger-ui.css',
    '/docs/examples/image/predict.json',
    '/docs/examples/none/predict.json',
    '/redoc/redoc.standalone.js',
  ];

  it.each(['/docs', '/docs/', '/docs/index.html', '/redoc', ...FILES])('%s has them', async (path) => {
    const { headers } = await gateway.send(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it.each(['/docs', '/docs/', '/docs/index.html', '/redoc'])('%s runs only its own scripts', async (path) => {
    const { headers, body } = await gateway.send(path);
    const scripts = /script-src ([^;]*)/.exec(String(headers['content-security-policy']))![1]!.split(' ');
    const inline = Array.from(
      body.toString().matchAll(/<script>([^]*?)<\/script>/g),
      ([, script]) => script!,
    );
    expect(inline.length).toBeGreaterThan(0);
    const hashes = inline.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(scripts).toEqual(["'self'", ...hashes]);
    const { headers: ofHead } = await gateway.send(path, { method: 'HEAD' });
    expect(ofHead['content-security-policy']).toBe(headers['content-security-policy']);
  });

  it('inference does not have them, and no response names its server', async () => {
    const { headers } = await gateway.send('/v1/models/scale/predict', {
      method: 'POST',
      body: '{"x":[1,2]}',
    });
    expect(headers['content-security-policy']).toBeUndefined();
    for (const path of ['/v2', '/docs', '/nothing']) {
      const answer = await gateway.send(path);
      expect(answer.headers['server']).toBeUndefined();
      expect(answer.headers['x-powered-by']).toBeUndefined();
    }
  });
});

it('each status of an error has one example', () => {
  const { responses } = document.components;
  expect(responses.V2Error404.content['application/json'].example.error).toMatch(/not found/);
  expect(responses.ErrorAnswer429.content['application/json'].example.error.code).toBe('queue_full');
  expect(document.paths['/v1/models/{model}/predict'].post.responses[404]).toEqual({
    $ref: '#/components/responses/ErrorAnswer404',
  });
});
