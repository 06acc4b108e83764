import { setTimeout as delay } from 'node:timers/promises';
import { affine, counter } from '../../fixtures/models';
import { countTo, int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('counter', counter());
  gateway = await Gateway.start(repository, {
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: 'affine',
  });
});

afterAll(() => tearDown(gateway, repository));

const change = (model: string, what: 'load' | 'unload', body?: object | string) =>
  gateway.send(`/v2/repository/models/${model}/${what}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const x = oneRow(1, 2);
const stateOf = async (model: string) =>
  (await gateway.index())
    .filter(({ name }) => name === model)
    .map(({ version, state, reason }) => [version, state, reason]);

describe('with explicit model control', () => {
  it('a model of the repository is loaded and unloaded, with an empty answer', async () => {
    expect(await stateOf('counter')).toEqual([['1', 'UNAVAILABLE', 'unloaded']]);
    const loaded = await change('counter', 'load', '{}');
    expect([loaded.status, loaded.body.length]).toEqual([200, 0]);
    expect(await stateOf('counter')).toEqual([['1', 'READY', '']]);
    const count = countTo(3);
    expect((await gateway.infer('counter', count)).body.outputs[0].data).toEqual([3]);

    const series = async () => (await gateway.send('/metrics')).body.toString().match(/.*model="counter".*/g);
    expect(await series()).toContain('nv_inference_request_success{model="counter",version="1"} 1');
    expect(await series()).toContain('nexus_queue_rows{model="counter",version="1"} 0');

    const pids = gateway.runners('counter/1');
    const unloaded = await change('counter', 'unload', { parameters: { unload_dependents: false } });
    expect([unloaded.status, unloaded.body.length]).toEqual([200, 0]);
    expect(pids).toHaveLength(1);
    expect(gateway.runners('counter/1')).toEqual([]);
    expect((await gateway.infer('counter', count)).status).toBe(404);
    expect(await stateOf('counter')).toEqual([['1', 'UNAVAILABLE', 'unloaded']]);
    expect(await series()).toBeNull();
    const { model_stats: statistics } = (await gateway.send('/v2/models/stats')).json();
    expect(statistics.map(({ name }: { name: string }) => name)).not.toContain('counter');
    expect((await gateway.send('/v2/health/ready')).status).toBe(200);
  });

  it('a model that came after the start is loaded', async () => {
    repository.model('late', affine(3));
    expect((await change('late', 'load')).status).toBe(200);
    expect((await gateway.infer('late', x)).body.outputs[0].data).toEqual([4, 7]);
  });

  it('answers what it has taken before it is unloaded', async () => {
    expect((await change('counter', 'load')).status).toBe(200);
    const busy = gateway.infer('counter', {
      inputs: [int64('count', [1], [1_000_000])],
    });
    await gateway.running('counter');
    expect((await change('counter', 'unload')).status).toBe(200);
    expect((await busy).body.outputs[0].data).toEqual([1_000_000]);
  });

  it('a new file takes the place of the old one, and no request fails', async () => {
    repository.model('moving', affine(1));
    expect((await change('moving', 'load')).status).toBe(200);
    const loaded = new AbortController();
    const answers = new Set<string>();
    const load = async () => {
      while (!loaded.signal.aborted) {
        const { status, body } = await gateway.infer('moving', x);
        answers.add(status === 200 ? String(body.outputs[0].data) : `${status} ${body.error}`);
      }
    };
    const clients = Array.from({ length: 8 }, load);
    const seen = async (answer: string) => {
      while (!answers.has(answer)) await delay(5);
    };
    try {
      await seen('2,3');
      for (const slope of [2, 3]) {
        repository.model('moving', affine(slope));
        expect((await change('moving', 'load')).status).toBe(200);
        expect((await gateway.infer('moving', x)).body.outputs[0].data).toEqual([slope + 1, 2 * slope + 1]);
        await seen(`${slope + 1},${2 * slope + 1}`);
      }
    } finally {
      loaded.abort();
    }
    await Promise.all(clients);
    expect([...answers].toSorted()).toEqual(['2,3', '3,5', '4,7']);
    await gateway.until(() => gateway.runners('moving/1').length === 1);
  });

  it('a new file that cannot be loaded leaves the old one in its place', async () => {
    repository.model('steady', affine(1));
    expect((await change('steady', 'load')).status).toBe(200);
    repository.model('steady', Buffer.from('not a model'));
    const { status, body } = await change('steady', 'load');
    expect([status, String(body)]).toEqual([
      400,
      expect.stringMatching(/^{"error":"cannot load model 'steady': version 1: .+"}$/),
    ]);
    expect((await gateway.infer('steady', x)).body.outputs[0].data).toEqual([2, 3]);
  });

  it('a model that cannot be loaded tells why, and does not take the gateway out of service', async () => {
    repository.model('broken', Buffer.from('not a model'));
    expect((await change('broken', 'load')).status).toBe(400);
    expect(await stateOf('broken')).toEqual([['1', 'UNAVAILABLE', expect.stringMatching(/^version 1: .+/)]]);
    expect((await gateway.infer('broken', x)).status).toBe(404);
    expect((await gateway.send('/health')).status).toBe(200);
  });

  it('changes of one model that come together follow one another', async () => {
    repository.model('busy', affine(1));
    const answers = await Promise.all([
      change('busy', 'load'),
      change('busy', 'load'),
      change('busy', 'unload'),
      change('busy', 'load'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await gateway.infer('busy', x)).status).toBe(200);
  });

  it.each([
    [
      'none',
      'load',
      undefined,
      404,
      /the model repository has no model 'none'; POST \/v2\/repository\/index lists its models/,
    ],
    ['none', 'unload', undefined, 404, /none/],
    ['affine', 'load', { parameters: { more: '{}' } }, 400, /^parameters.more: not supported; use config /],
    [
      'affine',
      'unload',
      { parameters: { unload_dependents: 1 } },
      400,
      /dependents: expected true or false, /,
    ],
    ['affine', 'unload', '[]', 400, /the body must be empty or /],
    [
      'affine',
      'load',
      '{"parameters": {]',
      400,
      /not valid JSON: expected a key .*, got "\]" at position 16$/,
    ],
  ] as const)('refuses to change %s: %s %j', async (model, what, body, status, text) => {
    const answer = await change(model, what, body);
    expect([answer.status, answer.json().error]).toEqual([status, expect.stringMatching(text)]);
  });
});

it('without explicit model control nothing is loaded or unloaded', async () => {
  const fixed = await Gateway.start(repository, { NEXUS_LOAD_MODELS: '', NEXUS_LOAD: 'on_demand' });
  for (const what of ['load', 'unload']) {
    const answer = await fixed.send(`/v2/repository/models/affine/${what}`, { method: 'POST' });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/NEXUS_MODEL_CONTROL_MODE=explicit/),
    ]);
  }
  await fixed.stop();
});
