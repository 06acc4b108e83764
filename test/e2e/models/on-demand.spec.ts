import { affine, counter, slow } from '../../fixtures/models';
import { countTo, fp32, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { isAlive } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const one = { inputs: [fp32('x', [1], [1])] };

let repository: Repository;
let gateway: Gateway;

async function start(env: NodeJS.ProcessEnv = {}): Promise<Gateway> {
  gateway = await Gateway.start(repository, env);
  return gateway;
}

afterEach(() => tearDown(gateway, repository));

const statusOf = async (model: string, request: object = x) => (await gateway.infer(model, request)).status;
const post = (path: string, body: object, headers = {}) =>
  gateway.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
const versionOf = async (model: string) => (await gateway.send(`/v1/models/${model}`)).json().versions[0];
const inMemory = async (...models: string[]) => {
  const versions = await Promise.all(models.map(versionOf));
  return models.filter((_, index) => versions[index].in_memory);
};
const counted = (what: string, model: string) => gateway.metric(`${what}{model="${model}",version="1"}`);
const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition()));
};

/** Memory of one small model, as a budget has it. */
async function bytesOfOne(): Promise<number> {
  const repositoryOfOne = new Repository().model('one', affine());
  const alone = await Gateway.start(repositoryOfOne);
  const { versions } = (await alone.send('/v1/models/one')).json();
  await alone.stop();
  repositoryOfOne.remove();
  return versions[0].memory.resident_bytes;
}

describe('a model that is loaded on demand', () => {
  it('is ready, and not in memory until its first request, which waits for it', async () => {
    repository = new Repository().model('cold', affine(), 'load: on_demand').model('warm', affine());
    await start();
    expect(gateway.runners('cold/1')).toEqual([]);
    expect(gateway.runners('warm/1')).toHaveLength(1);
    expect((await gateway.send('/v2/health/ready')).status).toBe(200);
    expect((await gateway.send('/v2/models/cold/ready')).status).toBe(200);
    expect((await gateway.index())[0]).toEqual({
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

  it('is loaded for its metadata, its configuration and its own routes', async () => {
    repository = new Repository();
    for (const name of ['a', 'b', 'c']) repository.model(name, affine());
    await start({ NEXUS_LOAD: 'on_demand' });
    const [metadata, config, predicted] = await Promise.all([
      gateway.send('/v2/models/a'),
      gateway.send('/v2/models/b/versions/1/config'),
      post('/v1/models/c/predict', { inputs: { x: [1, 2] } }),
    ]);
    expect(metadata.json().inputs[0].name).toBe('x');
    expect(config.json().input[0].name).toBe('x');
    expect(predicted.status).toBe(200);
    const { paths } = (await gateway.send('/openapi.json')).json();
    expect(Object.keys(paths).filter((path) => path.startsWith('/v1/models/a/'))).not.toEqual([]);
  });

  it('is UNAVAILABLE with the reason once loading it has failed', async () => {
    repository = new Repository().model('broken', Buffer.from('no model'), 'load: on_demand');
    await start();
    expect((await gateway.send('/v2/models/broken/ready')).status).toBe(200);
    const { status, body } = await gateway.infer('broken', x);
    expect([status, body.error]).toEqual([503, expect.stringContaining('not a readable ONNX model')]);
    expect((await gateway.send('/v2/models/broken/ready')).status).toBe(503);
    expect((await gateway.index())[0]!.state).toBe('UNAVAILABLE');
  });

  it('is loaded to the end for those who come later when a deadline passes meanwhile', async () => {
    repository = new Repository().model('slow', slow(300_000), 'load: on_demand');
    await start();
    const late = await post('/v2/models/slow/infer', one, { 'x-request-timeout': '20' });
    expect([late.status, late.json().error]).toEqual([504, expect.stringContaining('was loading')]);
    expect((await gateway.infer('slow', one)).body.outputs[0].data).toEqual([1]);
    expect(await counted('nexus_model_loads_total', 'slow')).toBe(1);
  });

  it('is loaded once more when the process that it is loaded in ends meanwhile', async () => {
    repository = new Repository().model('slow', slow(300_000), 'load: on_demand');
    await start();
    const answer = gateway.infer('slow', one);
    await until(async () => (await gateway.send('/health/live')) && gateway.runners('slow/1').length === 1);
    process.kill(gateway.runners('slow/1')[0]!, 'SIGKILL');
    expect((await answer).body.outputs[0].data).toEqual([1]);
    expect(await counted('nexus_runner_restarts_total', 'slow')).toBe(1);
  });
});

describe('with a memory budget', () => {
  it('what was used least recently makes room, but for what is pinned or was loaded at the start', async () => {
    repository = new Repository().model('always', affine());
    repository.model('pinned', affine(), 'load: on_demand\npinned: true');
    for (const name of ['a', 'b', 'c']) repository.model(name, affine(), 'load: on_demand');
    await start({ NEXUS_MEMORY_BUDGET: String(Math.round(4.5 * (await bytesOfOne()))) });
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

  it('a kept answer is given without bringing its model back', async () => {
    repository = new Repository();
    for (const name of ['a', 'b']) repository.model(name, affine(), 'cache: true');
    await start({
      NEXUS_LOAD: 'on_demand',
      NEXUS_MEMORY_BUDGET: String(Math.round(1.5 * (await bytesOfOne()))),
    });
    for (const name of ['a', 'b']) expect(await statusOf(name)).toBe(200);
    const { status, headers, body } = await gateway.infer('a', x);
    expect([status, headers.get('x-cache'), body.outputs[0].data]).toEqual([200, 'hit', [3, 5]]);
    expect(await inMemory('a', 'b')).toEqual(['b']);
  });

  it('what is in use stays, and others are told to come again', async () => {
    repository = new Repository().model('busy', counter()).model('other', affine());
    const budget = String(Math.round(1.5 * (await bytesOfOne())));
    await start({ NEXUS_LOAD: 'on_demand', NEXUS_MEMORY_BUDGET: budget });
    const busy = gateway.infer('busy', countTo(2_000_000));
    await until(async () => (await counted('nexus_running_executions', 'busy')) === 1);
    const { status, body, headers } = await gateway.infer('other', x);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.error).toMatch(/'other' needs \d+ MiB.*raise NEXUS_MEMORY_BUDGET/);
    expect((await gateway.send('/v2/models/other/ready')).status).toBe(200);
    expect((await busy).status).toBe(200);
    expect(await statusOf('other')).toBe(200);
    expect(await inMemory('busy', 'other')).toEqual(['other']);
  });

  it('a pipeline whose models do not fit in together says so, each time', async () => {
    repository = new Repository().model('a', affine()).model('b', affine());
    repository.add(
      'pipe/model.yaml',
      `kind: pipeline
inputs: [x]
outputs: [z]
steps:
  - { model: a, inputs: { x: x }, outputs: { y: y } }
  - { model: b, inputs: { x: y }, outputs: { y: z } }
`,
    );
    const budget = String(Math.round(1.5 * (await bytesOfOne())));
    await start({ NEXUS_LOAD: 'on_demand', NEXUS_MEMORY_BUDGET: budget });
    for (let time = 0; time < 3; time++) {
      const { status, body } = await gateway.infer('pipe', x);
      expect([status, body.error]).toEqual([
        503,
        expect.stringMatching(/step \d.*raise NEXUS_MEMORY_BUDGET/),
      ]);
    }
  });
});
