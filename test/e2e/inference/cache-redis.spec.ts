import { createClient } from '@redis/client';
import { affine, powers } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

const repository = new Repository()
  .model('affine', affine(), 'cache: true')
  .model('powers', powers(), 'cache: true');

afterAll(() => repository.remove());

const infer = (gateway: Gateway, model: string, value: number) => gateway.infer(model, oneRow(value));
const cacheOf = async (gateway: Gateway, value: number) => {
  const { status, headers, body } = await infer(gateway, 'affine', value);
  expect([status, body.outputs[0].data]).toEqual([200, [2 * value + 1]]);
  return headers.get('x-cache');
};
const warnings = ({ logs }: Gateway) => logs.filter(({ msg }) => msg?.startsWith('Redis is not available'));
/** Resolves when the gateway finds in Redis what it has put there, which a busy machine may take some tries for. */
const untilHit = async (gateway: Gateway, value = 1000) => {
  while ((await cacheOf(gateway, value)) !== 'hit');
};

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'with Redis' : 'with Redis: left out, because there is no redis-server', () => {
  let redis: Redis;
  let port: number;
  let gateway: Gateway;

  beforeAll(async () => {
    port = await freePort();
    redis = await Redis.start(port);
    gateway = await Gateway.start(repository, { NEXUS_REDIS_URL: redis.url });
    await untilHit(gateway);
  });

  afterAll(() => tearDown(gateway, redis));

  it('gateways share answers, for their time to live, under keys that tell nothing of the caller', async () => {
    const other = await Gateway.start(repository, { NEXUS_REDIS_URL: redis.url });
    await untilHit(other);
    let value = 0;
    for (let isShared = false; !isShared;) {
      const first = await infer(gateway, 'powers', ++value);
      const second = await infer(other, 'powers', value);
      expect(second.body).toEqual(first.body);
      isShared = second.headers.get('x-cache') === 'hit';
    }
    await other.stop();
    const client = await createClient({ url: redis.url }).connect();
    const keys = await client.keys('*powers*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^nexus:cache:1:powers\/1:[\w-]{43}$/);
    const left = await client.pTTL(keys[0]!);
    client.destroy();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(await gateway.metric('nexus_cache_redis_up')).toBe(1);
  });

  it('an answer of another model file is never given', async () => {
    const changing = new Repository().model('changing', affine(2), 'cache: true');
    const answer = async () => {
      const started = await Gateway.start(changing, { NEXUS_REDIS_URL: redis.url });
      let last = await infer(started, 'changing', 1);
      while (last.headers.get('x-cache') !== 'hit') last = await infer(started, 'changing', 1);
      await started.stop();
      return last.body.outputs[0].data;
    };
    expect(await answer()).toEqual([3]);
    changing.model('changing', affine(10));
    expect(await answer()).toEqual([11]);
    changing.remove();
  });

  it('what is no answer is passed over', async () => {
    const client = await createClient({ url: redis.url }).connect();
    await untilHit(gateway, 4);
    for (const key of await client.keys('*affine*')) await client.set(key, 'something else');
    client.destroy();
    expect(await cacheOf(gateway, 4)).toBe('miss');
    await untilHit(gateway, 4);
  });

  it('requests are answered while it hangs, with one warning in the log', async () => {
    await untilHit(gateway);
    const before = warnings(gateway).length;
    redis.kill('SIGSTOP');
    for (let count = 0; count < 20; count++) expect(await cacheOf(gateway, 5)).toBe('miss');
    await gateway.until(() => warnings(gateway).length > before);
    const told = warnings(gateway).slice(before);
    expect(told.map(({ msg }) => msg)).toEqual([expect.stringMatching(/within 50 ms$/)]);
    expect(await gateway.metric('nexus_cache_redis_up')).toBe(0);
    redis.kill('SIGCONT');
    await untilHit(gateway);
    await gateway.logged(({ msg }) => msg === 'Redis is available again');
  });

  it('requests are answered while it is gone, and it is used when it is back', async () => {
    const before = warnings(gateway).length;
    await redis.stop();
    expect(await cacheOf(gateway, 6)).toBe('miss');
    expect(await cacheOf(gateway, 6)).toBe('miss');
    await gateway.until(() => warnings(gateway).length === before + 1);
    redis = await Redis.start(port);
    await untilHit(gateway);
    expect(await cacheOf(gateway, 6)).toBe('miss');
    await untilHit(gateway, 6);
  });
});

it('a gateway whose Redis is not there starts and serves', async () => {
  const gateway = await Gateway.start(repository, {
    NEXUS_REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
  });
  expect(await cacheOf(gateway, 7)).toBe('miss');
  expect(await cacheOf(gateway, 7)).toBe('miss');
  expect(await gateway.metric('nexus_cache_redis_up')).toBe(0);
  await gateway.until(() => warnings(gateway).length === 1);
  expect(await gateway.stop()).toBe(0);
});
