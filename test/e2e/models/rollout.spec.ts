import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };
let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('m', affine(2)).add('m/2/model.onnx', affine(3));
  gateway = await Gateway.start(repository, EXPLICIT);
});

afterAll(() => tearDown(gateway, repository));

afterEach(async () => {
  await call('DELETE', 'traffic');
  const { aliases = {} } = await call('GET', 'aliases');
  for (const alias of Object.keys(aliases)) await call('DELETE', `aliases/${alias}`);
});

const x = oneRow(1);
/** The version that answers. */
const versionFor = async (path = 'm') => (await gateway.infer(path, x)).body.model_version as string;
const versionsFor = async (count: number) => {
  const versions: string[] = [];
  for (let index = 0; index < count; index++) versions.push(await versionFor());
  return versions;
};
const call = async (method: string, path = '', body?: object) => {
  const message = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await gateway.send(`/v1/models/m/${path}`.replace(/\/$/, ''), message);
  return answer.status === 200 ? answer.json() : { status: answer.status, ...answer.json().error };
};
const again = async (env: NodeJS.ProcessEnv = EXPLICIT) => {
  await gateway.stop();
  gateway = await Gateway.start(repository, env);
};

// The first, because any traffic before, even if it was deleted, is what to roll back to.
it('traffic that nobody changed cannot be rolled back', async () => {
  expect(await call('POST', 'rollback')).toMatchObject({ status: 400, code: 'nothing_to_roll_back' });
});

describe('an alias', () => {
  it('stands wherever a version does, and outlives the process', async () => {
    expect(await call('PUT', 'aliases/stable', { version: '1' })).toEqual({
      model: 'm',
      alias: 'stable',
      before: null,
      after: '1',
    });
    await again();
    expect(await versionFor('m/versions/stable')).toBe('1');
    const prediction = await gateway.send('/v1/models/m/versions/stable/predict', {
      method: 'POST',
      body: '{"inputs":{"x":[1]}}',
    });
    expect(prediction.json().version).toBe('1');
    for (const path of ['', '/ready', '/config', '/stats'])
      expect((await gateway.send(`/v2/models/m/versions/stable${path}`)).status).toBe(200);
    expect((await call('GET', 'aliases')).aliases).toEqual({ stable: '1' });
    expect((await call('GET')).aliases).toEqual({ stable: '1' });

    const moved = await call('PUT', 'aliases/stable', { version: '2' });
    expect([moved.before, moved.after, await versionFor('m/versions/stable')]).toEqual(['1', '2', '2']);
    expect((await call('DELETE', 'aliases/stable')).after).toBeNull();
    expect((await gateway.infer('m/versions/stable', x)).status).toBe(404);
  });

  it('stands for a version over gRPC', async () => {
    await call('PUT', 'aliases/canary', { version: '1' });
    const client = new GrpcClient(gateway.grpc);
    const { response } = await client.call('ModelReady', { name: 'm', version: 'canary' });
    expect(response).toEqual({ ready: true });
    client.close();
  });

  it.each([
    ['1st', { version: '1' }, 400, /expected a letter followed by/],
    ['a b', { version: '1' }, 400, /expected a letter followed by/],
    ['stable', { version: '7' }, 404, /version 7 not found; it has versions 1, 2/],
    ['stable', { version: 1 }, 400, /the body must be \{"version": "1"\}/],
    ['stable', {}, 400, /the body must be \{"version": "1"\}/],
  ])('%s cannot be set to %j', async (alias, body, status, message) => {
    const refused = await call('PUT', `aliases/${encodeURIComponent(alias)}`, body);
    expect(refused).toMatchObject({ status, message: expect.stringMatching(message) });
    expect((await call('GET', 'aliases')).aliases).toEqual({});
  });

  it('that there is not cannot be removed, and one with traffic neither', async () => {
    expect(await call('DELETE', 'aliases/constructor')).toMatchObject({
      status: 404,
      code: 'alias_not_found',
    });
    await call('PUT', 'aliases/canary', { version: '1' });
    await call('PUT', 'traffic', { weights: { canary: 1 } });
    expect(await call('DELETE', 'aliases/canary')).toMatchObject({ status: 400, code: 'alias_in_use' });
  });
});

describe('traffic', () => {
  it('is shared out by weight, to versions and aliases', async () => {
    await call('PUT', 'aliases/stable', { version: '1' });
    const split = { weights: { stable: 3, '2': 1 }, sticky: false };
    expect(await call('PUT', 'traffic', split)).toEqual({ model: 'm', before: null, after: split });
    expect((await versionsFor(8)).toSorted()).toEqual(['1', '1', '1', '1', '1', '1', '2', '2']);
    expect([await versionFor('m/versions/2'), await versionFor('m/versions/1')]).toEqual(['2', '1']);
    expect((await call('GET', 'traffic')).traffic).toEqual(split);
    expect((await call('GET')).traffic).toEqual(split);
  });

  it('is sticky by caller when asked', async () => {
    await call('PUT', 'traffic', { weights: { '1': 50, '2': 50 }, sticky: true });
    expect(new Set(await versionsFor(8)).size).toBe(1);
  });

  it('is promoted and rolled back, also after a restart', async () => {
    await call('PUT', 'traffic', { weights: { '1': 1 } });
    expect((await call('POST', 'promote', { version: '2' })).after.weights).toEqual({ '2': 1 });
    expect(await versionFor()).toBe('2');
    await again();
    expect((await call('POST', 'rollback')).after.weights).toEqual({ '1': 1 });
    expect(await versionFor()).toBe('1');
    expect((await call('DELETE', 'traffic')).after).toBeNull();
    expect(await versionFor()).toBe('2');
  });

  it('of a version that is gone goes to the others', async () => {
    await call('PUT', 'traffic', { weights: { '1': 9, '2': 1 } });
    await call('PUT', 'aliases/stable', { version: '1' });
    expect(await call('POST', 'versions/1/unload')).toMatchObject({ change: 'unloaded' });
    expect(new Set(await versionsFor(4))).toEqual(new Set(['2']));
    const refused = await gateway.infer('m/versions/stable', x);
    expect([refused.status, refused.body.error]).toEqual([
      404,
      "alias 'stable' of model 'm' points to version 1, which is not loaded; load it, or point the alias to another version",
    ]);
    expect(await call('POST', 'versions/1/load')).toMatchObject({ change: 'loaded' });
  });

  it.each([
    [{ weights: { '7': 1 } }, 404, /version 7 not found/],
    [{ weights: { '1': 0 } }, 400, /with a sum above 0, got 1 with a sum of 0/],
    [{ weights: {} }, 400, /weights: expected 1 to 100 versions/],
    [{ weights: { '1': -1 } }, 400, /weights\.1: expected a number from 0 to 1000000, got -1/],
    [{ weights: { '1': 'all' } }, 400, /weights\.1: expected a number/],
    [{ weights: [1] }, 400, /the body must be \{"weights"/],
    [{ weights: { '1': 1 }, sticky: 'yes' }, 400, /the body must be \{"weights"/],
    [{}, 400, /the body must be \{"weights"/],
  ])('cannot be %j', async (body, status, message) => {
    const refused = await call('PUT', 'traffic', body);
    expect(refused).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

it('what was answered is there after kill -9, at whatever moment', async () => {
  let answered = 0;
  for (let round = 0; round < 3; round++) {
    const setting = (async () => {
      for (;;) {
        await call('PUT', `aliases/a${answered + 1}`, { version: '1' });
        answered++;
      }
    })();
    const ended = setting.catch(() => {});
    for (let index = 0; index < 5 + 7 * round; index++) await versionFor();
    gateway.kill('SIGKILL');
    await gateway.exited();
    await ended;
    gateway = await Gateway.start(repository, EXPLICIT);
    const kept = Object.keys((await call('GET', 'aliases')).aliases).length;
    // One more may have been written, and its answer lost.
    expect([answered, answered + 1]).toContain(kept);
    answered = kept;
  }
  expect(answered).toBeGreaterThan(0);
});

/** Settings of gateways whose models are not asked. */
const UNUSED = { NEXUS_LOAD: 'on_demand' };

it('nothing changes where models are fixed', async () => {
  await again(UNUSED);
  expect(await call('PUT', 'aliases/stable', { version: '1' })).toMatchObject({ code: 'rollouts_off' });
});

it('a state file that is broken stops the start, and is left as it is', async () => {
  const path = join(repository.path, 'broken.json');
  writeFileSync(path, '{"format": 1, "models": {"m": 3}}');
  const { code, stderr } = await Gateway.failing({ NEXUS_STATE_FILE: path }, repository);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `NEXUS_STATE_FILE=${path}: cannot be read: it is not a state file of this version; repair it, or move it away to start without aliases and traffic\n`,
  );
  expect(readFileSync(path, 'utf8')).toContain('"m": 3');
});

it('a state file that cannot be written changes nothing', async () => {
  await again({ ...EXPLICIT, ...UNUSED, NEXUS_STATE_FILE: '/proc/state.json' });
  const refused = await call('PUT', 'aliases/stable', { version: '1' });
  expect(refused).toMatchObject({ status: 503, code: 'state_not_written' });
  expect(refused.message).toMatch(/^cannot write the state file \/proc\/state\.json/);
  expect((await call('GET', 'aliases')).aliases).toEqual({});
});
