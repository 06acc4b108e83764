import { Agent, request } from 'undici';
import { affine } from '../../fixtures/models';
import { KeysFile } from '../../fixtures/keys';
import { Gateway, Repository } from '../support/gateway';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

const LIMIT = 1000;
const REQUESTS = 5000;

/** Rounds to find one in which Redis answered in time. */
const ROUNDS = 5;

const FALLBACKS = 'nexus_limits_fallbacks_total';

/** Redis is waited for 50 ms only. Where cores are scarce, it must not have to queue for one behind the gateways. */
const YIELDING = { under: ['nice', '-n', '10'] };

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'two gateways with one Redis' : 'left out, because there is no redis-server', () => {
  const repository = new Repository().model('affine', affine());
  const file = new KeysFile();
  /** A key for each round, because a round uses its limit up. */
  const keysOf = (name: string, limit: number) =>
    Array.from({ length: ROUNDS }, (_, round) =>
      file.add(`${name}-${round}`, { limits: { requests_per_day: limit } }),
    );
  const daily = keysOf('daily', LIMIT);
  const [plenty] = keysOf('plenty', 1_000_000_000) as [string];
  const [afterwards, anew] = [keysOf('afterwards', 3), keysOf('anew', 3)];
  const agent = new Agent({ connections: 100 });
  let port: number;
  let redis: Redis;

  /** Statuses of `count` requests at the same time, which go to `gateways` in turn. */
  const together = (gateways: readonly Gateway[], count: number, headers: Record<string, string> = {}) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const url = `${gateways[index % gateways.length]!.url}/v2`;
        const { statusCode, body } = await request(url, { headers, dispatcher: agent });
        await body.dump();
        return statusCode;
      }),
    );
  /** Resolves once all of `gateways` share their limits. */
  const shared = (gateways: readonly Gateway[]) =>
    Promise.all(gateways.map((gateway) => gateway.reached('nexus_limits_redis_up', 1)));
  async function startTwo(settings: NodeJS.ProcessEnv): Promise<readonly Gateway[]> {
    const all = { NEXUS_REDIS_URL: redis.url, NEXUS_LIMIT_LEASE: '0', NEXUS_PUBLIC: 'metrics', ...settings };
    const start = () => Gateway.start(repository, all, YIELDING);
    const gateways = await Promise.all([start(), start()]);
    await shared(gateways);
    return gateways;
  }
  const fallbacksOf = (gateways: readonly Gateway[]) =>
    Promise.all(gateways.map((gateway) => gateway.metric(FALLBACKS)));

  /**
   * The outcome of the first round in which no gateway decided alone. A machine that pauses makes Redis look gone, and then
   * the limits do not hold exactly, which is as documented.
   */
  async function undisturbed<T>(
    gateways: readonly Gateway[],
    play: (round: number) => Promise<T>,
  ): Promise<T> {
    for (let round = 0; round < ROUNDS; round++) {
      await shared(gateways);
      const before = await fallbacksOf(gateways);
      const outcome = await play(round);
      if (String(await fallbacksOf(gateways)) === String(before)) return outcome;
    }
    throw new Error(`Redis was not in time in any of ${ROUNDS} rounds`);
  }

  /** How many of many requests at the same time pass, and are refused. */
  async function outcomeOf(gateways: readonly Gateway[], headers?: Record<string, string>) {
    // The first call of each gateway takes longer, because Redis does not have the script.
    const first = await together(gateways, gateways.length, headers);
    const statuses = [...first, ...(await together(gateways, REQUESTS - gateways.length, headers))];
    const countOf = (wanted: number) => statuses.filter((status) => status === wanted).length;
    return { passed: countOf(200), refused: countOf(429) };
  }
  const exactly = { passed: LIMIT, refused: REQUESTS - LIMIT };
  const passesOf = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;

  beforeAll(async () => {
    port = await freePort();
    redis = await Redis.start(port);
  });

  afterAll(async () => {
    await agent.close();
    file.remove();
    repository.remove();
    await redis.stop();
  });

  it('let exactly the limit of an address through, if nobody has to authenticate', async () => {
    const gateways = await startTwo({
      NEXUS_RATE_LIMIT: String(LIMIT),
      NEXUS_RATE_LIMIT_WINDOW_S: '86400',
      NEXUS_TRUST_PROXY: '127.0.0.1',
    });
    const from = (round: number) => ({ 'x-forwarded-for': `10.0.0.${round}` });
    try {
      expect(await undisturbed(gateways, (round) => outcomeOf(gateways, from(round)))).toEqual(exactly);
    } finally {
      await tearDown(...gateways);
    }
  });

  describe('and keys', () => {
    let gateways: readonly Gateway[];
    const send = (key: string, count: number) => together(gateways, count, { 'x-api-key': key });
    const passes = (of: readonly string[]) =>
      undisturbed(gateways, async (round) => passesOf(await send(of[round]!, 10)));

    beforeAll(async () => {
      gateways = await startTwo({ NEXUS_KEYS_FILE: file.path });
    });

    afterAll(async () => {
      await tearDown(...gateways);
    });

    it('let exactly the limit of a key through', async () => {
      const play = (round: number) => outcomeOf(gateways, { 'x-api-key': daily[round]! });
      expect(await undisturbed(gateways, play)).toEqual(exactly);
    });

    it('fail no request while Redis hangs under load, and share limits again afterwards', async () => {
      const statuses: number[] = [];
      const over = new AbortController();
      const load = Array.from({ length: 20 }, async () => {
        while (!over.signal.aborted) statuses.push(...(await send(plenty, 2)));
      });
      redis.kill('SIGSTOP');
      await Promise.all(gateways.map((gateway) => gateway.reached('nexus_limits_redis_up', 0)));
      const whenDown = statuses.length;
      while (statuses.length < whenDown + 100) await send(plenty, 2);
      redis.kill('SIGCONT');
      await shared(gateways);
      over.abort();
      await Promise.all(load);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(Math.min(...(await fallbacksOf(gateways)).map(Number))).toBeGreaterThan(0);
      expect(await passes(afterwards)).toBe(3);
    });

    it('count anew in a Redis that was restarted without data', async () => {
      await redis.stop();
      await Promise.all(gateways.map((gateway) => gateway.reached('nexus_limits_redis_up', 0)));
      redis = await Redis.start(port);
      await shared(gateways);
      expect(await passes(anew)).toBe(3);
    });
  });
});
