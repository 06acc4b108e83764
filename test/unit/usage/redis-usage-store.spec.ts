import fc from 'fast-check';
import { RedisConnection } from '../../../src/redis/redis-connection';
import { RedisUsageStore } from '../../../src/usage/redis/redis-usage-store';
import { UsageDatabase } from '../../../src/usage/sqlite/usage-database';
import type { UsageRow } from '../../../src/usage/usage';
import { freePort, HAS_REDIS, Redis } from '../../e2e/support/redis';
import { row, select } from './rows';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Redis does not look at hours that it no longer keeps. */
const BASE = Math.floor(Date.now() / 1000 / DAY - 3) * DAY;

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'usage in Redis' : 'usage in Redis: left out, because there is no redis-server', () => {
  let redis: Redis;
  let connection: RedisConnection;
  beforeAll(async () => {
    redis = await Redis.start(await freePort());
    // A busy machine may take longer than the 50 ms of a gateway.
    connection = new RedisConnection(redis.url, 5000);
    await connection.opened;
  });
  afterAll(async () => {
    connection.close();
    await redis.stop();
  });
  beforeEach(() => connection.execute((client) => client.flushAll()));

  const names = ['', 't', 'k*', '[a]', 'q"\\?', 'x","y'];
  const name = fc.constantFrom(...names);
  const anyRow = fc
    .record({
      hour: fc.nat(60),
      tenant: name,
      key: name,
      model: name,
      requests: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ hour, requests, ...more }) => row(BASE + hour * HOUR, requests, { rows: 3 * requests, ...more }));
  const filter = fc.option(name, { nil: undefined });
  const anyQuery = fc.record({
    from: fc.nat(40).map((hour) => BASE + hour * HOUR),
    to: fc.integer({ min: 20, max: 61 }).map((hour) => BASE + hour * HOUR),
    by: fc.constantFrom('hour' as const, 'day' as const),
    tenant: filter,
    key: filter,
    model: filter,
    limit: fc.integer({ min: 1, max: 10 }),
  });

  it('is the same as in SQLite, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), anyQuery, async (rows, given) => {
        const query = given.by === 'day' ? { ...given, from: Math.floor(given.from / DAY) * DAY } : given;
        await connection.execute((client) => client.flushAll());
        const store = new RedisUsageStore(connection);
        const database = new UsageDatabase({ path: ':memory:', retentionS: 400 * DAY, maxPages: undefined });
        await store.add({ number: 1, rows });
        database.add(rows);
        let after: UsageRow | undefined;
        do {
          const page = select({ ...query, after });
          const expected = database.read(page).map((each) => ({ ...each }));
          expect(await store.read(page)).toEqual(expected);
          after = expected.at(-1);
        } while (after !== undefined);
        database.close();
      }),
      { numRuns: 40 },
    );
  });

  it('adds a batch once, although it is sent again, and the batches of each gateway', async () => {
    const one = new RedisUsageStore(connection);
    const two = new RedisUsageStore(connection);
    const batch = { number: 1, rows: [row(BASE, 2)] };
    for (const store of [one, one, two]) await store.add(batch);
    await one.add({ number: 2, rows: [row(BASE, 3)] });
    expect(await one.read(select({ from: BASE, to: BASE + 1 }))).toEqual([row(BASE, 7)]);
  });

  it('expires', async () => {
    await new RedisUsageStore(connection).add({ number: 1, rows: [row(BASE, 1), row(BASE + HOUR, 1)] });
    const keys = (await connection.execute((client) => client.keys('*')))!;
    expect(keys).toHaveLength(3);
    for (const key of keys)
      expect(await connection.execute((client) => client.ttl(key))).toBeGreaterThan(DAY - HOUR);
  });
});
