import { setTimeout as delay } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { affine } from '../../fixtures/models';
import { fp32, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const repository = new Repository();
let gateway: Gateway;
beforeAll(async () => {
  gateway = await Gateway.start(repository, { NEXUS_MODEL_CONTROL_MODE: 'explicit' });
});
afterAll(() => tearDown(gateway, repository));

/** The model of the test, which no other test has. */
let model: string;
let tests = 0;

beforeEach(async () => {
  model = `m${++tests}`;
  repository
    .model(model, affine(2))
    .add(`${model}/2/model.onnx`, affine(3))
    .add(`${model}/3/model.onnx`, affine(4))
    .add(`${model}/model.yaml`, 'versions: { latest: 2 }');
  expect(await load()).toBe(200);
});

afterEach(() => gateway.send(`/v2/repository/models/${model}/unload`, { method: 'POST' }));

const x = oneRow(1);
const answerOf = async (version?: string) => {
  const { status, body } = await gateway.infer(
    version === undefined ? model : `${model}/versions/${version}`,
    x,
  );
  return status === 200 ? body.outputs[0].data[0] : status;
};
const served = async () =>
  (await gateway.index())
    .filter(({ name }) => name === model)
    .map(({ version, state, reason }) => [version, state, reason]);
const post = async (path: string) => (await gateway.send(path, { method: 'POST' })).json();
const change = (version: string, what: 'load' | 'unload') =>
  post(`/v1/models/${model}/versions/${version}/${what}`);
const load = async () =>
  (await gateway.send(`/v2/repository/models/${model}/load`, { method: 'POST' })).status;
const pidOf = (version: string) => gateway.runners(`${model}/${version}`);

it('the version policy of model.yaml says which versions are served', async () => {
  expect(await served()).toEqual([
    ['2', 'READY', ''],
    ['3', 'READY', ''],
  ]);
  repository.add(`${model}/model.yaml`, 'versions: [1, 3]');
  const pid = pidOf('3');
  expect(await load()).toBe(200);
  expect((await served()).map(([version]) => version)).toEqual(['1', '3']);
  expect(pidOf('3')).toEqual(pid);
});

it('one version is loaded and unloaded, whatever the policy', async () => {
  const others = [pidOf('2'), pidOf('3')];
  expect(await answerOf('1')).toBe(404);
  expect(await change('1', 'load')).toEqual({
    model,
    version: '1',
    change: 'loaded',
    took_ms: expect.any(Number),
  });
  expect([await answerOf('1'), await answerOf()]).toEqual([3, 5]);
  expect((await change('1', 'load')).change).toBe('unchanged');
  expect([pidOf('2'), pidOf('3')]).toEqual(others);

  expect((await change('3', 'unload')).change).toBe('unloaded');
  expect([await answerOf('3'), await answerOf(), await answerOf('1')]).toEqual([404, 4, 3]);
  await change('1', 'unload');
  await change('2', 'unload');
  expect(await answerOf()).toBe(404);
});

it('a version is replaced by its new file, which the answer says', async () => {
  const [before] = pidOf('3');
  repository.add(`${model}/3/model.onnx`, affine(9));
  expect((await change('3', 'load')).change).toBe('replaced');
  expect(await answerOf('3')).toBe(10);
  // The runner of the old file ends when it has answered all of its requests.
  while (pidOf('3').includes(before!)) await delay(5);
});

it.each([
  ['a version that the repository has not', '4', 404, 'version_not_in_repository'],
  ['a version that is none', 'newest', 404, 'version_not_in_repository'],
])('%s is refused', async (_what, version, status, code) => {
  const answer = await gateway.send(`/v1/models/${model}/versions/${version}/load`, { method: 'POST' });
  expect(answer.status).toBe(status);
  expect(answer.json()).toMatchObject({ error: { code } });
});

it('a version whose new file cannot be loaded serves on, and says why', async () => {
  repository.add(`${model}/3/model.onnx`, 'no model');
  repository.add(`${model}/2/model.onnx`, affine(7));
  const refused = await gateway.send(`/v2/repository/models/${model}/load`, { method: 'POST' });
  expect(refused.status).toBe(400);
  expect(refused.json().error).toMatch(/^cannot load model 'm\d+': version 3: /);
  expect(await answerOf()).toBe(5);
  expect(await answerOf('2')).toBe(8);
  const [, [, state, reason] = []] = await served();
  expect(state).toBe('READY');
  expect(reason).toMatch(/^cannot load a newer file, so this one continues to serve: /);
  const details = (await gateway.send(`/v1/models/${model}`)).json();
  expect(details.versions[1].reason).toBe(reason);

  repository.add(`${model}/3/model.onnx`, affine(9));
  expect(await load()).toBe(200);
  expect([await answerOf(), (await served())[1]]).toEqual([10, ['3', 'READY', '']]);
});

it('settings that need no other runners apply to those that run', async () => {
  const pids = [pidOf('2'), pidOf('3')];
  repository.add(
    `${model}/model.yaml`,
    'versions: { latest: 2 }\ndescription: Doubles.\nmax_queue_rows: 7\nlabels: { y: [only] }\npriority_levels: 3',
  );
  expect(await load()).toBe(200);
  expect([pidOf('2'), pidOf('3')]).toEqual(pids);
  const details = (await gateway.send(`/v1/models/${model}`)).json();
  expect(details.description).toBe('Doubles.');
  expect(details.versions[0].batching).toMatchObject({ max_queue_rows: 7, priority_levels: 3 });
  expect((await (await gateway.fetch('/openapi.json')).text()).includes('Doubles.')).toBe(true);

  repository.add(`${model}/model.yaml`, 'versions: { latest: 2 }\nmax_batch_rows: 5');
  expect(await load()).toBe(200);
  expect([pidOf('2'), pidOf('3')]).not.toEqual(pids);
});

it('no request fails while versions are replaced, also none that is still being read', async () => {
  const body = {
    inputs: [fp32('x', [1, 300_000], Array(300_000).fill(1))],
  };
  const reloads = new AbortController();
  const client = async (request: object) => {
    const statuses = new Set<number>();
    while (!reloads.signal.aborted) statuses.add((await gateway.infer(model, request)).status);
    return statuses;
  };
  const clients = [client(body), client(body), client(x), client(x)];
  for (let factor = 5; factor < 15; factor++) {
    repository.add(`${model}/3/model.onnx`, affine(factor));
    expect(await load()).toBe(200);
  }
  reloads.abort();
  for (const statuses of await Promise.all(clients)) expect([...statuses]).toEqual([200]);
});

it('a file that is gone keeps the version that was loaded from it', async () => {
  rmSync(join(repository.path, `${model}/3/model.onnx`));
  expect(await load()).toBe(400);
  expect(await answerOf('3')).toBe(5);
});
