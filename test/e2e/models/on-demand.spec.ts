import { affine, counter, slow } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { countTo, fp32, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { isAlive } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const ON_DEMAND = 'load: on_demand';

const unlimited = new Repository()
  .model('cold', affine(), ON_DEMAND)
  .model('warm', affine())
  .model('broken', Buffer.from('no model'), ON_DEMAND)
  .model('late', affine(), ON_DEMAND)
  .model('killed', slow(300_000), ON_DEMAND);
const roomy = new Repository().model('always', affine());
roomy.model('pinned', affine(), `${ON_DEMAND}\npinned: true`);
for (const name of ['a', 'b', 'c']) roomy.model(name, affine(), ON_DEMAND);
const tight = new Repository()
  .model('a', affine(), 'cache: true')
  .model('b', affine(), 'cache: true')
  .model('c', affine())
  .model('d', affine())
  .model('busy', counter())
  .add(
    'pipe/model.yaml',
    pipeline(['x'], ['z'], ['c', { x: 'x' }, { y: 'y' }], ['d', { x: 'y' }, { y: 'z' }]),
  );

let gateway: Gateway;
/** Has all models of `unlimited`. */
let withoutBudget: Gateway;
/** Has room for four models of `roomy`. */
let withRoom: Gateway;
/** Has room for one model of `tight`, all of which are loaded on demand. */
let withoutRoom: Gateway;

beforeAll(async () => {
  gateway = withoutBudget = await Gateway.start(unlimited);
  // Memory of one small model, as a budget has it.
  const { resident_bytes } = (await versionOf('warm')).memory;
  const budget = (models: number) => ({ NEXUS_MEMORY_BUDGET: String(Math.round(models * resident_bytes)) });
  [withRoom, withoutRoom] = await Promise.all([
    Gateway.start(roomy, budget(4.5)),
    Gateway.start(tight, { ...budget(1.5), NEXUS_LOAD: 'on_demand' }),
  ]);
});
afterAll(() => tearDown(withoutBudget, withRoom, withoutRoom, unlimited, roomy, tight));

const statusOf = async (model: string, request: object = x) => (await gateway.infer(model, request)).status;
const post = (path: string, body: object, headers = {}) =>
  gateway.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
const versionOf = async (model: string) => (await gateway.send(`/v1/models/${model}`)).json().versions[0];
const inMemory = async (...models: string[]) => {
  const versions = await Promise.all(models.map(versionOf));
  return models.filter((_, index) => versions[index].in_memory);
};
const counted = (what: string, model: string) => gateway.metric(`${what}{model="${model}",version="1"}`);

describe('a model that is loaded on demand', () => {
  beforeAll(() => void (gateway = withoutBudget));

  it('is ready, and not in memory until its first request, which waits for it', async () => {
    expect(gateway.runners('cold/1')).toEqual([]);
    expect(gateway.runners('warm/1')).toHaveLength(1);
    expect((await gateway.send('/v2/health/ready')).status).toBe(200);
    expect((await gateway.send('/v2/models/cold/ready')).status).toBe(200);
    expect((await gateway.index()).find(({ name }) => name === 'cold')).toEqual({
      name: 'cold',
      version: '1',
      state: 'READY',
      reason: 'not in memory; the next request loads it',
    });
    const before = await versionOf('cold');
    expect([before.load, before.in_memory, before.memory]).toEqual(['on_demand', false, undefined]);

    const answers = await Promise.all(Array.from({ length: 8 }, () => gateway.infer('cold', x)));
    expect(answers.map(({ body }) => body.outputs[0].data)).toEqual(answers.map(() => [3, 5]));
    expect(await counted('nexus_model_loads_total', 'cold')).toBe(1);
    expect(gateway.runners('cold/1')).toHaveLength(1);
    const after = await versionOf('cold');
    expect([after.in_memory, after.reason]).toEqual([true, '']);
    expect(await counted('nexus_model_memory_bytes', 'cold')).toBeGreaterThan(2 ** 20);
  });

  it('is UNAVAILABLE with the reason once loading it has failed', async () => {
    expect((await gateway.send('/v2/models/broken/ready')).status).toBe(200);
    const { status, body } = await gateway.infer('broken', x);
    expect([status, body.error]).toEqual([503, expect.stringContaining('not a readable ONNX model')]);
    expect((await gateway.send('/v2/models/broken/ready')).status).toBe(503);
    expect((await gateway.index()).find(({ name }) => name === 'broken')!.state).toBe('UNAVAILABLE');
  });

  it('is loaded to the end for those who come later when a deadline passes meanwhile', async () => {
    // No process starts as fast.
    const late = await post('/v2/models/late/infer', x, { 'x-request-timeout': '20' });
    expect([late.status, late.json().error]).toEqual([504, expect.stringContaining('was loading')]);
    expect((await gateway.infer('late', x)).body.outputs[0].data).toEqual([3, 5]);
    expect(await counted('nexus_model_loads_total', 'late')).toBe(1);
  });

  it('is loaded once more when the process that it is loaded in ends meanwhile', async () => {
    const answer = gateway.infer('killed', { inputs: [fp32('x', [1], [1])] });
    const [runner] = await gateway.started('killed/1');
    process.kill(runner!, 'SIGKILL');
    expect((await answer).body.outputs[0].data).toEqual([1]);
    expect(await counted('nexus_runner_restarts_total', 'killed')).toBe(1);
  });
});

describe('with a memory budget for four models', () => {
  beforeAll(() => void (gateway = withRoom));

  it('what was used least recently makes room, but for what is pinned or was loaded at the start', async () => {
    for (const name of ['pinned', 'a', 'b', 'a']) expect(await statusOf(name)).toBe(200);
    expect(await inMemory('always', 'pinned', 'a', 'b')).toHaveLength(4);
    const [pid] = gateway.runners('b/1');
    expect(await statusOf('c')).toBe(200);
    expect(await inMemory('always', 'pinned', 'a', 'b', 'c')).toEqual(['always', 'pinned', 'a', 'c']);
    expect(isAlive(pid!)).toBe(false);
    expect(await counted('nexus_model_evictions_total', 'b')).toBe(1);
    // It comes back, and its signature was not forgotten meanwhile.
    const { paths } = (await gateway.send('/openapi.json')).json();
    expect(Object.keys(paths)).toContain('/v1/models/b/predict');
    expect((await gateway.infer('b', x)).body.outputs[0].data).toEqual([3, 5]);
    expect(await inMemory('always', 'pinned', 'a', 'b', 'c')).toEqual(['always', 'pinned', 'b', 'c']);
  });
});

describe('with a memory budget for one model', () => {
  beforeAll(() => void (gateway = withoutRoom));

  it('each is loaded for its metadata, its configuration and its own routes', async () => {
    expect((await gateway.send('/v2/models/a')).json().inputs[0].name).toBe('x');
    expect((await gateway.send('/v2/models/b/versions/1/config')).json().input[0].name).toBe('x');
    expect((await post('/v1/models/c/predict', { inputs: { x: [1, 2] } })).status).toBe(200);
    expect(await inMemory('a', 'b', 'c')).toEqual(['c']);
    const { paths } = (await gateway.send('/openapi.json')).json();
    expect(Object.keys(paths).filter((path) => path.startsWith('/v1/models/a/'))).not.toEqual([]);
  });

  it('a kept answer is given without bringing its model back', async () => {
    for (const name of ['a', 'b']) expect(await statusOf(name)).toBe(200);
    const { status, headers, body } = await gateway.infer('a', x);
    expect([status, headers.get('x-cache'), body.outputs[0].data]).toEqual([200, 'hit', [3, 5]]);
    expect(await inMemory('a', 'b')).toEqual(['b']);
  });

  it('what is in use stays, and others are told to come again', async () => {
    expect(await statusOf('busy', countTo(1))).toBe(200);
    const proceed = gateway.halt('busy');
    const busy = gateway.infer('busy', countTo(2));
    await gateway.running('busy');
    const { status, body, headers } = await gateway.infer('c', x);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.error).toMatch(/'c' needs \d+ MiB.*raise NEXUS_MEMORY_BUDGET/);
    expect((await gateway.send('/v2/models/c/ready')).status).toBe(200);
    proceed();
    expect((await busy).status).toBe(200);
    expect(await statusOf('c')).toBe(200);
    expect(await inMemory('busy', 'c')).toEqual(['c']);
  });

  it('a pipeline whose models do not fit in together says so, each time', async () => {
    for (let time = 0; time < 3; time++) {
      const { status, body } = await gateway.infer('pipe', x);
      expect([status, body.error]).toEqual([
        503,
        expect.stringMatching(/step \d.*raise NEXUS_MEMORY_BUDGET/),
      ]);
    }
  });
});
