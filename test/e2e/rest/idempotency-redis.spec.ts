import { affine, counter } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'with Redis' : 'with Redis: left out, because there is no redis-server', () => {
  const repository = new Repository().model('affine', affine()).model('counter', counter());
  let redis: Redis;
  let one: Gateway;
  let other: Gateway;

  beforeAll(async () => {
    redis = await Redis.start(await freePort());
    const env = { NEXUS_REDIS_URL: redis.url };
    [one, other] = await Promise.all([Gateway.start(repository, env), Gateway.start(repository, env)]);
  });

  afterAll(() => tearDown(one, other, redis, repository));

  const infer = (gateway: Gateway, model: string, body: object, key: string) =>
    gateway.send(`/v2/models/${model}/infer`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body: JSON.stringify(body),
    });

  it('a retry at another gateway gets the stored response', async () => {
    const first = await infer(one, 'affine', oneRow(1, 2), 'retry');
    const again = await infer(other, 'affine', oneRow(1, 2), 'retry');
    expect([first.status, again.body]).toEqual([200, first.body]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await infer(other, 'affine', oneRow(1, 3), 'retry')).status).toBe(422);
  });

  it('a request that runs at another gateway is asked to retry later', async () => {
    const proceed = one.halt('counter');
    const first = infer(one, 'counter', countTo(2), 'running');
    await one.running('counter');
    expect((await infer(other, 'counter', countTo(2), 'running')).status).toBe(409);
    proceed();
    expect((await first).status).toBe(200);
  });

  it('a failed request is run again', async () => {
    for (const gateway of [one, other])
      expect((await infer(gateway, 'affine', oneRow('x'), 'failed')).status).toBe(400);
  });

  it('without Redis, each gateway remembers its own', async () => {
    redis.kill('SIGSTOP');
    const first = await infer(one, 'affine', oneRow(1, 2), 'alone');
    const again = await infer(one, 'affine', oneRow(1, 2), 'alone');
    redis.kill('SIGCONT');
    expect([first.status, again.headers['idempotency-replayed']]).toEqual([200, 'true']);
  });
});
