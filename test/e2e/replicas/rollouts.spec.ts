import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { affine } from '../../fixtures/models';
import { ProcessConnection } from '../support/connections';
import { Gateway, Repository } from '../support/gateway';
import { childrenOf } from '../support/processes';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'replicas with one Redis' : 'left out, because there is no redis-server', () => {
  const repository = new Repository()
    .model('m', affine(2))
    .add('m/2/model.onnx', affine(3))
    .model('other', affine());
  const stateFileOf = (name: string) => join(repository.path, `${name}.state.json`);
  let port: number;
  let redis: Redis;
  let one: Gateway;
  let other: Gateway;
  /** With two processes. */
  let third: Gateway;

  const start = (name: string, settings: NodeJS.ProcessEnv = {}) =>
    Gateway.start(repository, {
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: '*',
      NEXUS_REDIS_URL: redis.url,
      NEXUS_STATE_FILE: stateFileOf(name),
      ...settings,
    });

  beforeAll(async () => {
    port = await freePort();
    redis = await Redis.start(port);
    [one, other, third] = await Promise.all([
      start('one'),
      start('other'),
      start('third', { NEXUS_PROCESSES: '2' }),
    ]);
  });
  afterAll(async () => {
    await redis.stop();
    await tearDown(one, other, third, repository);
  });

  const change = async (gateway: Gateway, method: string, path: string, body?: object) => {
    const message = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const { status, ...answer } = await gateway.send(`/v1/models/${path}`, message);
    return { status, ...answer.json() };
  };
  const setAlias = (gateway: Gateway, alias: string, version: string) =>
    change(gateway, 'PUT', `m/aliases/${alias}`, { version });
  const aliasesOf = async (gateway: Gateway) =>
    (await gateway.send('/v1/models/m/aliases')).json().aliases as Record<string, string>;
  const standing = async (gateway: Gateway) => (await gateway.send('/health')).json().details.replicas;
  /** Resolves once `read` returns what `expected` says. */
  const until = async (read: () => Promise<unknown>, expected: unknown) => {
    while (JSON.stringify(await read()) !== JSON.stringify(expected)) await delay(20);
  };
  const inForce = (aliases: Record<string, string>, gateways = [one, other, third]) =>
    Promise.all(gateways.map((gateway) => until(() => aliasesOf(gateway), aliases)));
  const shared = (gateways: readonly Gateway[]) =>
    Promise.all(gateways.map((gateway) => until(async () => (await standing(gateway)).mode, 'shared')));
  const stateOf = (name: string) => JSON.parse(readFileSync(stateFileOf(name), 'utf8')).models.m;

  it('say that they share their state', async () => {
    for (const gateway of [one, other, third]) {
      expect(await standing(gateway)).toEqual({ status: 'up', mode: 'shared', since: expect.any(String) });
      expect(await gateway.metric('nexus_replicas_shared')).toBe(1);
    }
  });

  it('use a change of one of them, in all processes, and write it to their files', async () => {
    expect(await setAlias(one, 'stable', '1')).toMatchObject({ status: 200, before: null, after: '1' });
    await inForce({ stable: '1' });
    const [first, second] = childrenOf(third.pid) as [number, number];
    for (const pid of [first, second]) {
      const connection = await ProcessConnection.to(third, pid);
      await until(async () => (await connection.send('/v1/models/m/aliases')).json().aliases, {
        stable: '1',
      });
      connection.close();
    }
    for (const name of ['one', 'other', 'third'])
      await until(async () => (existsSync(stateFileOf(name)) ? stateOf(name).aliases : undefined), {
        stable: '1',
      });
    expect(stateOf('other').changedAt).toBe(stateOf('one').changedAt);
  });

  it('split traffic alike, and roll back a change of another', async () => {
    expect(await change(third, 'PUT', 'm/traffic', { weights: { 2: 1 } })).toMatchObject({ status: 200 });
    const traffic = async () => (await change(one, 'GET', 'm/traffic')).traffic?.weights ?? null;
    await until(traffic, { 2: 1 });
    expect(await change(one, 'POST', 'm/rollback')).toMatchObject({ status: 200, after: null });
    await until(async () => (await change(third, 'GET', 'm/traffic')).traffic, null);
  });

  it('lose none of the changes that several make at the same time', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `a${index}`);
    const gateways = [one, other, third];
    const answers = await Promise.all(names.map((name, index) => setAlias(gateways[index % 3]!, name, '2')));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const namesIn = async (gateway: Gateway) => Object.keys(await aliasesOf(gateway)).toSorted();
    for (const gateway of gateways) await until(() => namesIn(gateway), ['stable', ...names].toSorted());
    const removed = await Promise.all(
      names.map((name, index) => change(gateways[(index + 1) % 3]!, 'DELETE', `m/aliases/${name}`)),
    );
    expect(removed.map(({ status }) => status)).toEqual(names.map(() => 200));
    await inForce({ stable: '1' });
  });

  it('use what is newer in Redis from their start on', async () => {
    await other.stop();
    expect(await setAlias(one, 'stable', '2')).toMatchObject({ status: 200 });
    expect(stateOf('other').aliases).toEqual({ stable: '1' });
    other = await start('other');
    expect(await aliasesOf(other)).toEqual({ stable: '2' });
  });

  it('read the file of an older release', async () => {
    writeFileSync(
      stateFileOf('older'),
      JSON.stringify({ format: 1, models: { other: { aliases: { old: '1' }, traffic: null } } }),
    );
    const older = await start('older');
    const aliases = async () => (await change(one, 'GET', 'other/aliases')).aliases;
    await until(aliases, { old: '1' });
    expect(await aliases()).toEqual({ old: '1' });
    await older.stop();
  });

  it('refuse changes while Redis is gone, and go on with what they have', async () => {
    await redis.stop();
    await until(async () => (await standing(one)).mode, 'alone');
    expect(await standing(one)).toMatchObject({
      status: 'degraded',
      reason: expect.stringMatching(/^Redis is not available: ./),
    });
    expect((await one.send('/health/ready')).status).toBe(200);
    const refused = await change(one, 'PUT', 'm/aliases/stable', { version: '1' });
    expect(refused).toMatchObject({ status: 503, error: { code: 'replicas_unavailable' } });
    await inForce({ stable: '2' });
  });

  it('start with their files while it is gone', async () => {
    await other.stop();
    other = await start('other');
    expect(await aliasesOf(other)).toEqual({ stable: '2' });
    expect((await standing(other)).mode).toBe('alone');
  });

  it('put back what a Redis without data has lost', async () => {
    redis = await Redis.start(port);
    await shared([one, other, third]);
    const late = await start('late');
    await until(() => aliasesOf(late), { stable: '2' });
    expect(await setAlias(late, 'stable', '1')).toMatchObject({ status: 200 });
    await inForce({ stable: '1' });
    await late.stop();
  });

  it('keep changes in Redis if the file cannot be written', async () => {
    const readOnly = await start('', { NEXUS_STATE_FILE: '/proc/state.json' });
    expect(await aliasesOf(readOnly)).toEqual({ stable: '1' });
    expect(await setAlias(readOnly, 'stable', '2')).toMatchObject({ status: 200 });
    await inForce({ stable: '2' });
    await readOnly.logged(({ msg }) => msg?.startsWith('cannot write the state file') ?? false);
    await readOnly.stop();
  });

  it('without Redis say that they stand alone', async () => {
    const alone = await start('', { NEXUS_REDIS_URL: '' });
    expect(await standing(alone)).toEqual({
      status: 'up',
      mode: 'alone',
      since: expect.any(String),
      reason: 'NEXUS_REDIS_URL is not set',
    });
    await alone.stop();
  });
});
