import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { affine } from '../../fixtures/models';
import { KeysFile } from '../../fixtures/keys';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

interface Entry {
  readonly start: string;
  readonly tenant: string;
  readonly key: string;
  readonly model: string;
  readonly requests: number;
  readonly failed_requests: number;
}

const repository = new Repository().model('affine', affine()).model('other', affine());
afterAll(() => repository.remove());

const usageOf = async (gateway: Gateway, query = '') => {
  const answer = await gateway.send(`/v1/usage${query}`);
  expect(answer.status).toBe(200);
  return answer.json() as { object: string; data: Entry[]; next?: string };
};

/** Sums, because a test can run over the end of an hour. */
const totalOf = ({ data }: { data: Entry[] }) => data.reduce((sum, { requests }) => sum + requests, 0);
const infer = async (gateway: Gateway, times: number, model = 'affine') => {
  for (let count = 0; count < times; count++)
    expect((await gateway.infer(model, oneRow(count))).status).toBe(200);
};

describe('in a file', () => {
  const path = join(repository.path, 'usage.db');
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, { NEXUS_USAGE_FILE: path });
  });
  afterAll(() => tearDown(gateway));

  it('counts what requests to each model have used', async () => {
    await infer(gateway, 2);
    await infer(gateway, 1, 'other');
    const three = { ...oneRow(0).inputs[0]!, shape: [3, 1], data: [1, 2, 3] };
    expect((await gateway.infer('affine', { inputs: [three] })).status).toBe(200);
    expect((await gateway.infer('affine', { inputs: [] })).status).toBe(400);
    // Unknown models, and requests for anything but inference, are not usage.
    expect((await gateway.infer('unknown', oneRow(0))).status).toBe(404);
    await gateway.send('/v2/models/affine');
    const { object, data, next } = await usageOf(gateway, '?by=day&model=affine');
    expect([object, next]).toEqual(['list', undefined]);
    expect(data).toEqual([
      {
        start: expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00Z$/),
        tenant: '',
        key: '',
        model: 'affine',
        requests: 4,
        failed_requests: 1,
        rows: 5,
        input_bytes: 20,
        output_bytes: 20,
        tokens: 0,
      },
    ]);
    expect(totalOf(await usageOf(gateway))).toBe(5);
    expect(await gateway.metric('nexus_usage_requests_total{tenant=""}')).toBe(5);
    expect(await gateway.metric('nexus_usage_rows_total{tenant=""}')).toBe(6);
  });

  it('refuses parameters that it does not know', async () => {
    const answer = await gateway.send('/v1/usage?tenat=acme');
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.objectContaining({ param: 'tenat', code: 'invalid_input' }),
    ]);
  });

  it('has what was counted a second before kill -9, and the file belongs to its owner', async () => {
    const before = totalOf(await usageOf(gateway));
    await infer(gateway, 3);
    const file = new DatabaseSync(path, { readOnly: true });
    const sum = file.prepare('SELECT SUM(requests) AS requests FROM usage');
    while (sum.get()!['requests'] !== before + 3) await delay(10);
    file.close();
    gateway.kill('SIGKILL');
    await gateway.exited();
    gateway = await Gateway.start(repository, { NEXUS_USAGE_FILE: path });
    expect(totalOf(await usageOf(gateway))).toBe(before + 3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps counting while another program locks the file, and writes when it is free', async () => {
    const before = totalOf(await usageOf(gateway));
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await infer(gateway, 2);
    const refused = await gateway.send('/v1/usage');
    expect([refused.status, refused.json().error.code]).toEqual([503, 'usage_unavailable']);
    await infer(gateway, 2);
    expect((await gateway.send('/v1/usage')).status).toBe(503);
    other.exec('ROLLBACK');
    other.close();
    await gateway.logged(({ msg }) => msg === 'usage is written again');
    expect(totalOf(await usageOf(gateway))).toBe(before + 4);
    const warnings = gateway.logs.filter(({ msg }) => msg?.startsWith('cannot write usage'));
    expect(warnings.map(({ msg }) => msg)).toEqual([expect.stringContaining('database is locked')]);
  });

  it('loses nothing at the end', async () => {
    const before = totalOf(await usageOf(gateway));
    await infer(gateway, 5);
    expect(await gateway.stop()).toBe(0);
    const file = new DatabaseSync(path, { readOnly: true });
    expect(file.prepare('SELECT SUM(requests) AS requests FROM usage').get()).toEqual({
      requests: before + 5,
    });
    file.close();
  });
});

describe('with keys, in memory', () => {
  const file = new KeysFile();
  const keys = {
    one: file.add('one', { tenant: 'acme', scopes: ['infer', 'read'] }),
    two: file.add('two', { tenant: 'acme', scopes: ['infer'] }),
    some: file.add('some', { tenant: 'acme', scopes: ['infer', 'read', 'admin'], models: ['other'] }),
    far: file.add('far', { tenant: 'globex', scopes: ['infer', 'read'] }),
    admin: file.add('admin', { tenant: 'ops', scopes: ['admin'] }),
  };
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, { NEXUS_KEYS_FILE: file.path });
  });
  afterAll(() => tearDown(gateway, file));

  const as = (name: keyof typeof keys, path: string, body?: object) =>
    gateway.send(path, {
      headers: { 'x-api-key': keys[name] },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  const seen = async (name: keyof typeof keys, query = '') => {
    const answer = await as(name, `/v1/usage?by=day${query}`);
    expect(answer.status).toBe(200);
    return (answer.json().data as Entry[]).map(
      ({ tenant, key, model, requests }) => `${tenant}/${key} ${model} ${requests}`,
    );
  };

  it('shows each key its own usage, and all of it to an admin of every model', async () => {
    const statuses: number[] = [];
    for (const name of ['one', 'one', 'two', 'some', 'far'] as const)
      statuses.push((await as(name, '/v2/models/other/infer', oneRow(1))).status);
    // What the key may not use is not its usage.
    statuses.push((await as('some', '/v2/models/affine/infer', oneRow(1))).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
    const all = ['acme/one other 2', 'acme/some other 1', 'acme/two other 1', 'globex/far other 1'];
    expect(await seen('admin')).toEqual(all);
    expect(await seen('admin', '&tenant=acme&key=two')).toEqual(['acme/two other 1']);
    expect(await seen('one')).toEqual(['acme/one other 2']);
    expect(await seen('one', '&key=two')).toEqual([]);
    expect(await seen('some')).toEqual(['acme/some other 1']);
    expect(await seen('far', '&tenant=acme')).toEqual([]);
  });

  it('refuses keys without the scope, and strangers', async () => {
    expect((await as('two', '/v1/usage')).status).toBe(403);
    expect((await gateway.send('/v1/usage')).status).toBe(401);
  });
});

it('does not start with a file of something else', async () => {
  const path = join(repository.path, 'notes.txt');
  writeFileSync(path, 'x'.repeat(1000));
  const { code, stderr } = await Gateway.failing({ NEXUS_USAGE_FILE: path }, repository);
  expect([code, stderr]).toEqual([
    1,
    `NEXUS_USAGE_FILE=${path}: cannot be used: file is not a database; repair it, or move it away to start with a new file\n`,
  ]);
});

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'in Redis' : 'in Redis: left out, because there is no redis-server', () => {
  /** The usage as soon as Redis answers within its 50 ms, which it may not do at the first try on a busy machine. */
  const sharedUsageOf = async (gateway: Gateway, query = '') => {
    for (;;) {
      const answer = await gateway.send(`/v1/usage${query}`);
      if (answer.status === 200) return answer.json() as { data: Entry[] };
      expect(answer.status).toBe(503);
      await delay(20);
    }
  };

  it('is shared by gateways, and counted once while Redis hangs', async () => {
    const redis = await Redis.start(await freePort());
    const gateways = await Promise.all(
      [1, 2].map(() => Gateway.start(repository, { NEXUS_REDIS_URL: redis.url })),
    );
    const [one, two] = gateways as [Gateway, Gateway];
    try {
      await infer(one, 2);
      await infer(two, 3, 'other');
      await sharedUsageOf(one);
      expect(totalOf(await sharedUsageOf(two))).toBe(5);
      expect(totalOf(await sharedUsageOf(two, '?by=day&model=affine'))).toBe(2);
      redis.kill('SIGSTOP');
      await infer(one, 4);
      expect((await one.send('/v1/usage')).status).toBe(503);
      redis.kill('SIGCONT');
      await one.logged(({ msg }) => msg === 'usage is written again');
      expect(totalOf(await sharedUsageOf(one))).toBe(9);
      await infer(two, 1);
      expect(await two.stop()).toBe(0);
      const isLost = two.logs.some(({ msg }) => msg?.startsWith('usage since the last write is lost'));
      // Redis may have executed what it did not answer in time.
      expect(isLost ? [9, 10] : [10]).toContain(totalOf(await sharedUsageOf(one)));
    } finally {
      await tearDown(...gateways, redis);
    }
  });
});
