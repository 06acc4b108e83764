import fc from 'fast-check';
import { affine, counter, echo, lookup, powers } from '../../fixtures/models';
import { countTo, fp32, int64, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

const CONFIG = 'backend: "onnxruntime" response_cache { enable: true }';
const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine(), 'cache: true')
    .model('shared', affine(), 'cache: { ttl_s: 600, scope: all }')
    .model('plain', affine())
    .model('powers', powers(), 'cache: true\nlabels: { square: [a, b] }')
    .model('lookup', lookup(), 'cache: true')
    .model('echo', echo(), 'cache: true')
    .model('counter', counter(), 'cache: true')
    .model('triton', affine())
    .add('triton/config.pbtxt', CONFIG)
    .model('both', affine(), 'cache: { scope: all }')
    .add('both/config.pbtxt', CONFIG);
  gateway = await Gateway.start(repository, { ...EXPLICIT, NEXUS_TRUST_PROXY: '127.0.0.1' });
});

afterAll(() => tearDown(gateway, repository));

const post = (path: string, body: object, headers = {}) =>
  gateway.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
const infer = (model: string, body: object, headers = {}) => post(`/v2/models/${model}/infer`, body, headers);
const cacheOf = async (model: string, body: object, headers = {}) =>
  (await infer(model, body, headers)).headers['x-cache'];
const statisticsOf = async (model: string) =>
  (await gateway.send(`/v2/models/${model}/stats`)).json().model_stats[0];

describe('a model with a cache', () => {
  it('answers an equal request without a run', async () => {
    const [first, second] = [await infer('affine', oneRow(1, 2)), await infer('affine', oneRow(1, 2))];
    expect([first, second].map(({ headers }) => headers['x-cache'])).toEqual(['miss', 'hit']);
    expect(second.json()).toEqual(first.json());
    const { execution_count, inference_count, inference_stats } = await statisticsOf('affine');
    expect([execution_count, inference_count]).toEqual([1, 1]);
    const { success, queue, compute_infer, cache_hit, cache_miss } = inference_stats;
    const counts = [success, queue, compute_infer, cache_hit, cache_miss].map((step) => step.count);
    expect(counts).toEqual([2, 2, 1, 1, 1]);
    expect(Math.min(cache_hit.ns, cache_miss.ns)).toBeGreaterThan(0);
    const labels = '{model="affine",version="1"}';
    expect(await gateway.metric(`nv_cache_num_hits_per_model${labels}`)).toBe(1);
    expect(await gateway.metric(`nv_cache_num_misses_per_model${labels}`)).toBe(1);
    expect(await gateway.metric(`nv_cache_hit_duration_per_model${labels}`)).toBeGreaterThan(0);
    expect(
      await gateway.metric('nexus_inference_cache_total{model="affine",version="1",outcome="hit"}'),
    ).toBe(1);
    expect(await gateway.metric('nexus_cache_bytes')).toBeGreaterThan(8);
    expect(gateway.logs.filter(({ model }) => model === 'affine').map(({ cache }) => cache)).toEqual([
      'miss',
      'hit',
    ]);
  });

  it.each([
    ['values', oneRow(3, 5)],
    ['shape', { inputs: [fp32('x', [2, 1], [3, 4])] }],
  ])('runs for another request: %s', async (_what, other) => {
    await infer('affine', oneRow(3, 4));
    expect(await cacheOf('affine', other)).toBe('miss');
  });

  it('keeps the outputs asked for, in their order', async () => {
    const asked = (...outputs: string[]) => ({
      ...oneRow(2),
      outputs: outputs.map((name) => ({ name })),
    });
    const requests = [asked(), asked('square'), asked('cube', 'square'), asked('square', 'cube')];
    const first = await Promise.all(requests.map((request) => infer('powers', request)));
    const again = await Promise.all(requests.map((request) => infer('powers', request)));
    // All outputs are what is asked for by naming none.
    expect(first.filter(({ headers }) => headers['x-cache'] === 'miss')).toHaveLength(3);
    expect(again.map(({ headers }) => headers['x-cache'])).toEqual(['hit', 'hit', 'hit', 'hit']);
    expect(again.map((answer) => answer.json())).toEqual(first.map((answer) => answer.json()));
  });

  it('has one answer for every protocol and form', async () => {
    const client = new GrpcClient(gateway.grpc);
    const message = messageOf('powers', oneRow(5, 6));
    const { headers, response } = await client.call('ModelInfer', message);
    expect(headers.get('x-cache')).toEqual(['miss']);
    const forms = [
      await infer('powers', oneRow(5, 6)),
      await infer('powers', { ...oneRow(5, 6), parameters: { binary_data_output: true } }),
      await post('/v1/models/powers/predict', { inputs: { x: [5, 6] } }),
      await post('/v2/models/powers/generate', { x: [5, 6] }),
      await infer('powers', {
        ...oneRow(5, 6),
        outputs: [{ name: 'square', parameters: { classification: 1 } }, { name: 'cube' }],
      }),
    ];
    expect(forms.map((answer) => [answer.status, answer.headers['x-cache']])).toEqual(
      forms.map(() => [200, 'hit']),
    );
    expect(forms[4]!.json().outputs[0].data).toEqual(['36.000000:1:b']);
    const again = await client.call('ModelInfer', message);
    client.close();
    expect(again.headers.get('x-cache')).toEqual(['hit']);
    expect(again.response).toEqual(response);
  });

  it('keeps strings', async () => {
    const request = { inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, 2], data: ['é', ''] }] };
    const [first, second] = [await infer('echo', request), await infer('echo', request)];
    expect([second.headers['x-cache'], second.json()]).toEqual(['hit', first.json()]);
  });

  it('keeps no errors', async () => {
    const outside = { inputs: [int64('index', [1], [99])] };
    const answers = [await infer('lookup', outside), await infer('lookup', outside)];
    expect(answers.map(({ status, headers }) => [status, headers['x-cache']])).toEqual([
      [400, undefined],
      [400, undefined],
    ]);
    expect((await statisticsOf('lookup')).inference_stats).toMatchObject({
      fail: { count: 2 },
      cache_hit: { count: 0 },
      cache_miss: { count: 0 },
    });
  });

  it('answers one caller with nothing of another, unless its scope is all', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const request = oneRow(7, 8);
    expect(await cacheOf('affine', request, from('10.0.0.1'))).toBe('miss');
    expect(await cacheOf('affine', request, from('10.0.0.2'))).toBe('miss');
    expect(await cacheOf('affine', request, from('10.0.0.1'))).toBe('hit');
    expect(await cacheOf('shared', request, from('10.0.0.1'))).toBe('miss');
    expect(await cacheOf('shared', request, from('10.0.0.2'))).toBe('hit');
  });

  it('says so in its details and its configuration', async () => {
    const detail = async (model: string) => (await gateway.send(`/v1/models/${model}`)).json().cache;
    expect(await detail('affine')).toEqual({ ttl_s: 60, scope: 'caller' });
    expect(await detail('shared')).toEqual({ ttl_s: 600, scope: 'all' });
    expect(await detail('triton')).toEqual({ ttl_s: 60, scope: 'caller' });
    expect(await detail('both')).toEqual({ ttl_s: 60, scope: 'all' });
    expect(await detail('plain')).toBeUndefined();
    const configured = async (model: string) =>
      (await gateway.send(`/v2/models/${model}/config`)).json().response_cache;
    expect(await configured('triton')).toEqual({ enable: true });
    expect(await configured('plain')).toEqual({ enable: false });
    const client = new GrpcClient(gateway.grpc);
    const { response } = await client.call('ModelConfig', { name: 'triton' });
    client.close();
    expect(response.config.response_cache).toEqual({ enable: true });
  });

  it('is one whose config.pbtxt enables the response cache', async () => {
    expect(await cacheOf('triton', oneRow(1))).toBe('miss');
    expect(await cacheOf('triton', oneRow(1))).toBe('hit');
    expect(await cacheOf('plain', oneRow(1))).toBeUndefined();
  });

  it('forgets its answers when it is unloaded', async () => {
    const change = (what: string) => gateway.send(`/v2/repository/models/triton/${what}`, { method: 'POST' });
    await infer('triton', oneRow(2));
    expect(await cacheOf('triton', oneRow(2))).toBe('hit');
    expect((await change('unload')).status).toBe(200);
    expect((await change('load')).status).toBe(200);
    expect(await cacheOf('triton', oneRow(2))).toBe('miss');
    repository.model('triton', affine(10));
    expect((await change('load')).status).toBe(200);
    const anew = await infer('triton', oneRow(2));
    expect([anew.headers['x-cache'], anew.json().outputs[0].data]).toEqual(['miss', [21]]);
  });
});

it('a cached answer is the one that would be computed', async () => {
  const element = fc.constantFrom(-1.5, 0, 2, 1e30);
  const rows = fc.array(fc.array(element, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 2 });
  let hits = 0;
  const equal = fc.asyncProperty(rows, async (data) => {
    const inputs = [fp32('x', [data.length, 2], data.flat())];
    const [cached, computed] = await Promise.all([infer('affine', { inputs }), infer('plain', { inputs })]);
    expect(cached.json().outputs).toEqual(computed.json().outputs);
    if (cached.headers['x-cache'] === 'hit') hits += 1;
  });
  await fc.assert(equal, { numRuns: 200 });
  expect(hits).toBeGreaterThan(0);
});

describe('equal requests at one time', () => {
  it('share one run', async () => {
    const before = (await statisticsOf('counter')).execution_count;
    const proceed = gateway.halt('counter');
    const first = infer('counter', countTo(7));
    await gateway.running('counter');
    const others = Array.from({ length: 5 }, () => infer('counter', countTo(7)));
    // Connections are served in their order.
    await gateway.send('/health/live');
    proceed();
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ headers }) => headers['x-cache'])).toEqual(['miss', ...others.map(() => 'hit')]);
    expect(answers.map((answer) => answer.json().outputs[0].data)).toEqual(answers.map(() => [7]));
    expect((await statisticsOf('counter')).execution_count).toBe(before + 1);
  });

  it('share the failure of the run, and it is not kept', async () => {
    const before = (await statisticsOf('lookup')).inference_stats.fail.count;
    const outside = { inputs: [int64('index', [1], [77])] };
    const answers = await Promise.all([infer('lookup', outside), infer('lookup', outside)]);
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    expect((await statisticsOf('lookup')).inference_stats.fail.count).toBe(before + 2);
  });

  it('go on when the client of the first one leaves, or a deadline passes', async () => {
    const before = (await statisticsOf('counter')).execution_count;
    const proceed = gateway.halt('counter');
    const busy = infer('counter', countTo(8));
    await gateway.running('counter');
    const leaver = new AbortController();
    const left = gateway.fetch('/v2/models/counter/infer', {
      method: 'POST',
      signal: leaver.signal,
      body: JSON.stringify(countTo(5)),
    });
    await gateway.queued('counter', 1);
    const patient = infer('counter', countTo(5));
    const late = infer('counter', countTo(5), { 'x-request-timeout': '200' });
    expect((await late).status).toBe(504);
    leaver.abort();
    await expect(left).rejects.toThrow('aborted');
    proceed();
    const answer = await patient;
    expect([answer.status, answer.json().outputs[0].data, answer.headers['x-cache']]).toEqual([
      200,
      [5],
      'hit',
    ]);
    expect((await busy).status).toBe(200);
    expect((await statisticsOf('counter')).execution_count).toBe(before + 2);
  });

  it('are not run when no client waits any more', async () => {
    const before = (await statisticsOf('counter')).execution_count;
    const proceed = gateway.halt('counter');
    const busy = infer('counter', countTo(9));
    await gateway.running('counter');
    const late = Array.from({ length: 2 }, () => infer('counter', countTo(6), { 'x-request-timeout': '50' }));
    expect((await Promise.all(late)).map(({ status }) => status)).toEqual([504, 504]);
    proceed();
    await busy;
    expect(await cacheOf('counter', countTo(6))).toBe('miss');
    expect((await statisticsOf('counter')).execution_count).toBe(before + 2);
  });
});

it('a model.yaml whose cache is no cache is refused with file, line and key', async () => {
  const wrong = new Repository().model('wrong', affine(), 'required: false\ncache: { ttl_s: 0 }');
  const other = await Gateway.start(wrong);
  const [version] = await other.index();
  await other.stop();
  wrong.remove();
  expect(version!.reason).toMatch(
    /wrong\/model\.yaml:2: cache must be true, false or \{ ttl_s: 60, scope: caller \}/,
  );
});
