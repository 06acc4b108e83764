import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { allRunnersOf } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);

let repository: Repository;
let gateway: Gateway;
let temporary: string;

beforeEach(() => {
  repository = new Repository();
  temporary = mkdtempSync(join(tmpdir(), 'nexus-limits-'));
});
afterEach(async () => {
  await tearDown(gateway, repository);
  rmSync(temporary, { recursive: true });
});

const start = async (env: NodeJS.ProcessEnv) => {
  const explicit = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_DEVICE: 'cpu', TMPDIR: temporary };
  gateway = await Gateway.start(repository, { ...explicit, ...env });
};
const change = async (path: string, parameters: object = {}) => {
  const body = JSON.stringify({ parameters });
  const answer = await gateway.send(`/v2/repository/models/${path}`, { method: 'POST', body });
  return [answer.status, answer.status === 200 ? '' : (answer.json().error as string)] as const;
};
const load = (model: string, parameters?: object) => change(`${model}/load`, parameters);
const DONE = [200, ''];
const statusesOf = (answers: readonly (readonly [number, string])[]) =>
  answers.map(([status]) => status).toSorted((one, other) => one - other);

describe('versions that clients load', () => {
  const full = [
    429,
    expect.stringMatching(/, and the limit is 3; unload some, or raise NEXUS_MAX_VERSIONS$/),
  ];

  it('are bounded, also those that load at one time', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) repository.model(name, affine());
    for (const version of [1, 2, 3]) repository.add(`wide/${version}/model.onnx`, affine());
    await start({ NEXUS_LOAD_MODELS: 'a', NEXUS_MAX_VERSIONS: '3' });
    expect(await load('wide')).toEqual(full);
    expect(allRunnersOf(gateway.pid)).toHaveLength(1);

    const answers = await Promise.all(['b', 'c', 'd', 'e'].map((name) => load(name)));
    expect(statusesOf(answers)).toEqual([200, 200, 429, 429]);
    expect(allRunnersOf(gateway.pid)).toHaveLength(3);
    const [loaded, ...others] = ['b', 'c', 'd', 'e'].toSorted(
      (one, other) => gateway.runners(`${other}/1`).length - gateway.runners(`${one}/1`).length,
    );
    const refused = others.at(-1)!;
    expect(await load(refused)).toEqual(full);
    const client = new GrpcClient(gateway.grpc);
    const { error } = await client.call('RepositoryModelLoad', { model_name: refused });
    client.close();
    expect([error?.code, error?.details]).toEqual([8, full[1]]);
    const byVersion = await gateway.send(`/v1/models/${refused}/versions/1/load`, { method: 'POST' });
    expect([byVersion.status, byVersion.json().error.code]).toEqual([429, 'load_limit']);

    // What takes the place of a version is none more.
    repository.model('a', affine(5));
    expect(await load('a')).toEqual(DONE);
    expect((await gateway.infer('a', x)).body.outputs[0].data).toEqual([6, 11]);
    expect(await change(`${loaded!}/unload`)).toEqual(DONE);
    expect(await load(refused)).toEqual(DONE);
    expect((await gateway.send('/health/ready')).status).toBe(200);
  });
});

describe('files that clients send', () => {
  const sent = (onnx: Uint8Array | string = affine()) => ({
    config: '{}',
    'file:1/model.onnx': Buffer.from(onnx).toString('base64'),
  });
  const folders = () => readdirSync(temporary).filter((name) => name.startsWith('nexus-model-'));
  const full = [429, expect.stringMatching(/of 40960 bytes for files .*, or raise NEXUS_OVERRIDE_SIZE$/)];

  it('are bounded by the room they take together on disk, which comes back with them', async () => {
    // A small file in a folder takes three blocks, so three of them fit.
    await start({ NEXUS_OVERRIDE_SIZE: '40KiB' });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(names.map((name) => load(name, sent())));
    expect(statusesOf(answers)).toEqual([200, 200, 200, 429, 429]);
    expect(folders()).toHaveLength(3);
    const served = (await gateway.index()).map(({ name }) => name);
    const refused = names.find((name) => !served.includes(name))!;
    expect(await load(refused, sent())).toEqual(full);

    expect(await change(`${served[0]!}/unload`)).toEqual(DONE);
    // Neither those that cannot be loaded nor those that are refused keep room.
    for (let time = 0; time < 4; time++) {
      expect((await load(refused, sent('no model')))[0]).toBe(400);
      expect((await load(refused, { ...sent(), 'file:1/2/3/4/5/6/7/8/9/10/11': '' }))[0]).toBe(429);
      expect((await load('_name', sent()))[0]).toBe(400);
    }
    expect(folders()).toHaveLength(2);
    expect(await load(refused, sent())).toEqual(DONE);
    expect((await gateway.infer(refused, x)).status).toBe(200);
  });

  it('count as blocks, so that empty ones do not use up the file system', async () => {
    await start({ NEXUS_OVERRIDE_SIZE: '40KiB' });
    const empty = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`file:${index}`, '']));
    expect(await load('empty', { ...empty, config: '{}' })).toEqual(full);
    expect(folders()).toEqual([]);
  });
});

it('models that clients load have to fit into the memory budget, for which those on demand make room', async () => {
  for (const name of ['a', 'b', 'c']) repository.model(name, affine());
  repository.model('cold', affine(), 'load: on_demand');
  await start({ NEXUS_LOAD_MODELS: 'a' });
  const { versions } = (await gateway.send('/v1/models/a')).json();
  const one = versions[0].memory.resident_bytes as number;
  await gateway.stop();

  await start({ NEXUS_LOAD_MODELS: 'a,cold', NEXUS_MEMORY_BUDGET: String(Math.round(2.5 * one)) });
  expect((await gateway.infer('cold', x)).status).toBe(200);
  expect(await load('b')).toEqual(DONE);
  expect(gateway.runners('cold/1')).toEqual([]);
  expect(await load('c')).toEqual([
    400,
    expect.stringMatching(/the memory budget of .*, or raise NEXUS_MEMORY_BUDGET$/),
  ]);
  await gateway.until(() => gateway.runners('c/1').length === 0);
  expect(await change('b/unload')).toEqual(DONE);
  expect(await load('c')).toEqual(DONE);
});
