import { createClient } from '@redis/client';
import { Counter, type CountedUnit, type QuotaCharge } from '../../../src/limits/counter';
import type { Limiter } from '../../../src/limits/limiter';
import { RedisLimiter } from '../../../src/limits/redis/redis-limiter';
import { TAKE } from '../../../src/limits/redis/take-script';
import type { Passed, Refused, Verdict } from '../../../src/limits/verdict';
import { RedisConnection } from '../../../src/redis/redis-connection';
import { freePort, HAS_REDIS, Redis } from '../support/redis';

/** Long enough that a busy machine does not count as a Redis that is gone. */
const PATIENT_MS = 20_000;

let subjects = 0;
const counter = (limit: number, windowMs = 3_600_000, unit: CountedUnit = 'requests') =>
  new Counter('key', `k${subjects++}`, unit, unit, limit, windowMs);
const one = (...counters: readonly Counter[]) =>
  counters.map((rate): QuotaCharge => ({ counter: rate, amount: 1 }));
/** The verdicts on `count` takes at the same time, which `gateways` make in turn. */
const together = (count: number, charges: readonly QuotaCharge[], ...gateways: readonly Limiter[]) =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => gateways[index % gateways.length]!.take(charges)),
  );
const isPassed = ({ passed }: Verdict) => passed;
const passesOf = (verdicts: readonly Verdict[]) => verdicts.filter(isPassed).length;

/** Resolves once `holds` does; each try is a round trip to Redis. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'with Redis' : 'with Redis: left out, because there is no redis-server', () => {
  let redis: Redis;
  let port: number;
  let client: ReturnType<typeof createClient>;
  const open: { limiter: RedisLimiter; connection: RedisConnection }[] = [];

  beforeAll(async () => {
    port = await freePort();
    redis = await Redis.start(port);
    client = createClient({ url: redis.url, socket: { reconnectStrategy: 20 } });
    client.on('error', () => {});
    await client.connect();
  });

  afterEach(async () => {
    for (const { limiter, connection } of open.splice(0)) {
      await limiter.close();
      connection.close();
    }
  });

  afterAll(async () => {
    client.destroy();
    await redis.stop();
  });

  /** The limiter of a gateway that is connected. */
  async function gateway(limitLease = 0, timeoutMs = PATIENT_MS, limitFailure: 'local' | 'closed' = 'local') {
    const connection = new RedisConnection(redis.url, timeoutMs);
    const limiter = new RedisLimiter(connection, { limitLease, limitFailure });
    open.push({ limiter, connection });
    await connection.opened;
    return limiter;
  }
  const keyOf = ({ subject }: Counter) => `{nexus:limits}:1:${subject}`;

  it.each([0, 50])('two gateways let exactly the limit through, with a lease of %d', async (lease) => {
    const gateways = [await gateway(lease), await gateway(lease)];
    const charges = one(counter(1000), counter(5000));
    const verdicts = await together(5000, charges, ...gateways);
    const through = passesOf(verdicts);
    expect(through).toBeLessThanOrEqual(1000);
    // Leases may refuse up to a tenth of the limit too early.
    expect(through).toBeGreaterThanOrEqual(lease === 0 ? 1000 : 900);
    const { by, retryAfterMs } = verdicts.find(({ passed }) => !passed) as Refused;
    expect(by).toBe(charges[0]!.counter);
    expect(retryAfterMs).toBeLessThanOrEqual(3600);
    expect(gateways.map(({ fallbacks }) => fallbacks)).toEqual([0, 0]);
  });

  it('a request is charged to all counters or to none', async () => {
    const limiter = await gateway();
    const [rows, bytes] = [counter(10, 3_600_000, 'rows'), counter(100, 3_600_000, 'input_bytes')];
    const take = (rowCount: number, byteCount: number) =>
      limiter.take([
        { counter: rows, amount: rowCount },
        { counter: bytes, amount: byteCount },
      ]);
    expect(await take(4, 40)).toMatchObject({
      passed: true,
      standings: [{ remaining: 6 }, { remaining: 60 }],
    });
    expect(await take(5, 61)).toMatchObject({
      passed: false,
      by: bytes,
      standings: [{ remaining: 6 }, { remaining: 60 }],
    });
    expect(await take(11, 1)).toMatchObject({ passed: false, by: rows, retryAfterMs: undefined });
    expect(await take(6, 60)).toMatchObject({
      passed: true,
      standings: [{ remaining: 0 }, { remaining: 0 }],
    });
  });

  it('a refund gives back what was charged, once', async () => {
    const limiter = await gateway();
    const charges = one(counter(2));
    const first = (await limiter.take(charges)) as Passed;
    await limiter.take(charges);
    expect((await limiter.take(charges)).passed).toBe(false);
    first.refund();
    first.refund();
    expect([await limiter.take(charges), await limiter.take(charges)].map(isPassed)).toEqual([true, false]);
  });

  it('an estimate is replaced by what was used, whether it fits or not', async () => {
    const limiter = await gateway();
    const tokens = counter(1000, 3_600_000, 'tokens');
    const take = async (amount: number) => limiter.take([{ counter: tokens, amount }]);
    const [long, short] = [(await take(300)) as Passed, (await take(600)) as Passed];
    short.correct('tokens', 100);
    short.refund();
    const after = (await take(1)) as Passed;
    expect(after.standings[0]!.remaining).toBe(599);
    long.correct('tokens', 900);
    expect(await take(1)).toMatchObject({ passed: false, standings: [{ remaining: 0 }] });
  });

  it('a limit refills by the clock of the server', async () => {
    const limiter = await gateway();
    const charges = one(counter(5, 300));
    expect(passesOf(await together(20, charges, limiter))).toBeGreaterThanOrEqual(5);
    const { retryAfterMs } = (await refusal(limiter, charges)) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(60);
    await until(async () => (await limiter.take(charges)).passed);
    const left = await client.pTTL(keyOf(charges[0]!.counter));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(3300);
  });

  async function refusal(limiter: RedisLimiter, charges: readonly QuotaCharge[]): Promise<Refused> {
    for (;;) {
      const verdict = await limiter.take(charges);
      if (!verdict.passed) return verdict;
    }
  }

  it('half of a limit is back after half of its window', async () => {
    const limiter = await gateway();
    const rate = counter(10);
    await limiter.take([{ counter: rate, amount: 10 }]);
    const at = Number(await client.hGet(keyOf(rate), 'at'));
    await client.hSet(keyOf(rate), { at: at - rate.windowMs / 2 });
    expect(passesOf(await together(20, one(rate), limiter))).toBe(5);
  });

  it.each([
    ['back', 1e12],
    ['ahead', -1e12],
  ])(
    'a clock of the server that jumps %s locks nobody out, and lets no more than the limit through',
    async (_to, ms) => {
      const limiter = await gateway();
      const rate = counter(10);
      await limiter.take([{ counter: rate, amount: 10 }]);
      await client.hSet(keyOf(rate), { at: Date.now() + ms, second: Math.floor((Date.now() + ms) / 1000) });
      const passes = passesOf(await together(30, one(rate), limiter));
      expect(passes).toBe(ms > 0 ? 0 : 10);
      // Either way the time is that of the server again.
      expect(Math.abs(Number(await client.hGet(keyOf(rate), 'at')) - Date.now())).toBeLessThan(60_000);
    },
  );

  describe('requests in flight', () => {
    const slots = (limit: number) =>
      new Counter('key', `s${subjects++}`, 'in_flight', 'in_flight', limit, Infinity);

    it('are limited over all gateways, until they are released', async () => {
      const gateways = [await gateway(), await gateway()];
      const charges = one(slots(10));
      const verdicts = await together(100, charges, ...gateways);
      expect(passesOf(verdicts)).toBe(10);
      expect(verdicts.find(({ passed }) => !passed)).toMatchObject({ retryAfterMs: 1000 });
      const passes = verdicts.filter((verdict): verdict is Passed => verdict.passed);
      for (const pass of [...passes, ...passes]) pass.release();
      expect((await gateways[0]!.take(charges)).passed).toBe(true);
      await until(async () => (await client.zCard(keyOf(charges[0]!.counter))) === 1);
    });

    it('are given up for a gateway that is not heard of, and for a clock that was ahead', async () => {
      const limiter = await gateway();
      const charges = one(slots(1));
      const holdUntil = (ms: number) =>
        client.zAdd(keyOf(charges[0]!.counter), { value: 'of another gateway', score: ms });
      await holdUntil(Date.now() + 9000);
      expect((await limiter.take(charges)).passed).toBe(false);
      for (const end of [Date.now() - 1, Date.now() + 1e9]) {
        await holdUntil(end);
        const verdict = await limiter.take(charges);
        expect(verdict.passed).toBe(true);
        (verdict as Passed).release();
      }
    });
  });

  describe('leases', () => {
    it('answer at once, and are given back when the gateway ends', async () => {
      const limiter = await gateway(20);
      const charges = one(counter(1000), counter(2000));
      let taken = 0;
      for (let isLocal = false; !isLocal; taken++) {
        const verdict = limiter.take(charges);
        isLocal = !(verdict instanceof Promise);
        expect((await verdict).passed).toBe(true);
      }
      await limiter.close();
      const state = await client.hGetAll(keyOf(charges[0]!.counter));
      expect(state).toMatchObject({ held: '0', before: '0' });
      expect(Number(state.used)).toBeGreaterThan(taken - 1);
      expect(Number(state.used)).toBeLessThanOrEqual(taken);
    });

    it('of a gateway that dies count as used, and drain only from then on', async () => {
      const limiter = await gateway();
      const rate = counter(1000);
      const [second] = (await client.sendCommand(['TIME'])) as unknown as [string];
      const state = {
        used: 0,
        at: (Number(second) - 5) * 1000,
        held: 30,
        before: 20,
        second: Number(second) - 5,
      };
      await client.hSet(keyOf(rate), state);
      expect(await limiter.take(one(rate))).toMatchObject({ standings: [{ remaining: 949 }] });
      expect(await client.hGetAll(keyOf(rate))).toMatchObject({ used: '51', held: '0', before: '0' });
    });

    it('are a tenth of the limit at most', async () => {
      const limiter = await gateway(50);
      const charges = one(counter(9));
      for (let count = 0; count < 9; count++) expect(limiter.take(charges)).toBeInstanceOf(Promise);
      expect((await limiter.take(charges)).passed).toBe(false);
    });
  });

  describe('without Redis', () => {
    /** Resolves once Redis has decided on a request, which a busy machine may take some tries for. */
    const heard = (limiter: RedisLimiter) =>
      until(async () => {
        const before = limiter.fallbacks;
        await limiter.take(one(counter(10)));
        return limiter.fallbacks === before;
      });

    it('no request waits for one that hangs, and each gateway enforces its share until it is back', async () => {
      const limiter = await gateway(0, 50);
      const other = await gateway(0, 50);
      for (const each of [limiter, other, limiter]) await heard(each);
      redis.kill('SIGSTOP');
      const charges = one(counter(100));
      const verdicts = await together(500, charges, limiter);
      expect(passesOf(verdicts)).toBe(50);
      expect(limiter.redisUp).toBe(false);
      expect(limiter.fallbacks).toBeGreaterThanOrEqual(500);
      expect(limiter.take(charges)).toMatchObject({ passed: false });
      redis.kill('SIGCONT');
      await until(() => limiter.redisUp);
      expect(limiter.take(one(counter(10)))).toBeInstanceOf(Promise);
    });

    it('closed, requests are refused with an error that says to retry', async () => {
      const limiter = await gateway(0, 50, 'closed');
      redis.kill('SIGSTOP');
      await expect(limiter.take(one(counter(10)))).rejects.toMatchObject({ code: 'limits_unavailable' });
      expect(() => limiter.take(one(counter(10)))).toThrow(/retry after a second/);
      redis.kill('SIGCONT');
      await until(() => limiter.redisUp);
    });

    it('a Redis that has lost its scripts, or was restarted, is used', async () => {
      const limiter = await gateway();
      await limiter.take(one(counter(10)));
      await client.scriptFlush();
      expect(await limiter.take(one(counter(10)))).toMatchObject({ standings: [{ remaining: 9 }] });
      expect(await client.scriptExists([TAKE.sha])).toEqual([1]);
      await redis.stop();
      redis = await Redis.start(port);
      await until(() => limiter.redisUp && client.isReady);
      const before = limiter.fallbacks;
      expect(await limiter.take(one(counter(10)))).toMatchObject({ standings: [{ remaining: 9 }] });
      expect(limiter.fallbacks).toBe(before);
    });
  });
});

it('a limiter whose Redis is not there decides on its own', async () => {
  const connection = new RedisConnection(`redis://127.0.0.1:${await freePort()}`);
  const limiter = new RedisLimiter(connection, { limitLease: 0, limitFailure: 'local' });
  await connection.opened;
  const charges = one(counter(2));
  const verdicts = [limiter.take(charges), limiter.take(charges), limiter.take(charges)];
  expect(verdicts).toMatchObject([{ passed: true }, { passed: true }, { passed: false }]);
  expect([limiter.redisUp, limiter.fallbacks]).toEqual([false, 3]);
  await limiter.close();
  connection.close();
});
