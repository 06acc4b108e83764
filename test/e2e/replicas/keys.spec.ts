import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KeysFile } from '../../fixtures/keys';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { ProcessConnection } from '../support/connections';
import { Gateway, Repository } from '../support/gateway';
import { nexus } from '../support/nexus';
import { childrenOf } from '../support/processes';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(
  HAS_REDIS ? 'keys of replicas with one Redis' : 'left out, because there is no redis-server',
  () => {
    const repository = new Repository().model('affine', affine());
    const initial = new KeysFile();
    const old = initial.add('old');
    const limited = initial.add('limited');
    const folder = mkdtempSync(join(tmpdir(), 'nexus-keys-'));
    const fileOf = (name: string) => join(folder, `${name}.yaml`);
    const textOf = (name: string) => readFileSync(fileOf(name), 'utf8');
    let port: number;
    let redis: Redis;
    let one: Gateway;
    /** With two processes. */
    let other: Gateway;

    const start = (name: string, settings: NodeJS.ProcessEnv = {}) =>
      Gateway.start(repository, {
        NEXUS_REDIS_URL: redis.url,
        NEXUS_KEYS_FILE: fileOf(name),
        NEXUS_PUBLIC: 'metrics',
        ...settings,
      });
    const startOther = () => start('other', { NEXUS_PROCESSES: '2' });

    beforeAll(async () => {
      for (const name of ['one', 'other']) copyFileSync(initial.path, fileOf(name));
      port = await freePort();
      redis = await Redis.start(port);
      [one, other] = await Promise.all([start('one'), startOther()]);
    });
    afterAll(async () => {
      await redis.stop();
      await tearDown(one, other, repository, initial);
      rmSync(folder, { recursive: true });
    });

    const statusOf = async (to: Pick<Gateway, 'send'> | ProcessConnection, key: string) => {
      const message = { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify(oneRow(1)) };
      return (await to.send('/v2/models/affine/infer', message)).status;
    };
    const answers = async (to: Pick<Gateway, 'send'> | ProcessConnection, key: string, status: number) => {
      while ((await statusOf(to, key)) !== status) await delay(20);
      return status;
    };
    /** Resolves once all processes of both replicas answer requests with `key` by `status`. */
    const everywhere = async (key: string, status: number) => {
      await answers(one, key, status);
      for (const pid of childrenOf(other.pid)) {
        const connection = await ProcessConnection.to(other, pid);
        await answers(connection, key, status);
        connection.close();
      }
      return status;
    };
    /** Runs a command of `keys` on the file of a replica, and returns the key that it prints. */
    const keys = async (name: string, ...args: readonly string[]) => {
      const { status, stdout, stderr } = await nexus(['keys', ...args, '--file', fileOf(name)]);
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      return stdout.trim();
    };
    const fileHas = async (name: string, part: string) => {
      while (!textOf(name).includes(part)) await delay(20);
    };

    it('that one replica adds are accepted by all, and are in their files', async () => {
      const added = await keys('one', 'create', 'added');
      expect(await everywhere(added, 200)).toBe(200);
      await fileHas('other', '"added"');
      expect(textOf('other')).toBe(textOf('one'));
    });

    it('that one replica disables are refused by all, also if they were used before', async () => {
      const stale = textOf('one');
      await everywhere(old, 200);
      await keys('other', 'disable', 'old');
      expect(await everywhere(old, 401)).toBe(401);
      await fileHas('one', 'disabled');
      writeFileSync(fileOf('stale'), stale);
    });

    it('that two replicas change at the same time are changed by both', async () => {
      const [first, second] = await Promise.all([
        keys('one', 'create', 'first'),
        keys('other', 'create', 'second'),
      ]);
      await Promise.all([everywhere(first, 200), everywhere(second, 200)]);
      expect(await statusOf(one, old)).toBe(401);
    });

    it('of a file that was replaced are not used again by a start', async () => {
      await other.stop();
      copyFileSync(fileOf('stale'), fileOf('other'));
      other = await startOther();
      await other.logged(({ msg }) => msg?.includes('this content was replaced by another replica') ?? false);
      await everywhere(old, 401);
      await everywhere(limited, 200);
      expect(textOf('other')).toBe(textOf('one'));
    });

    it('of a file that no replica has seen are used by all after a start', async () => {
      await other.stop();
      const rolledOut = await keys('other', 'create', 'rolled-out');
      other = await startOther();
      expect(await everywhere(rolledOut, 200)).toBe(200);
      await everywhere(old, 401);
    });

    it('have their limits everywhere', async () => {
      const counted = await keys('one', 'create', 'counted', '--limit', 'requests_per_day=1');
      await fileHas('other', '"counted"');
      expect(await answers(one, counted, 429)).toBe(429);
      expect(await answers(other, counted, 429)).toBe(429);
    });

    it('of a file with a fault go to no replica', async () => {
      const text = textOf('one');
      writeFileSync(fileOf('one'), 'keys: [{ id: "broken" }]\n');
      await one.logged(({ msg }) => msg?.includes('expected either hash or subject') ?? false);
      writeFileSync(fileOf('one'), text);
      expect(await statusOf(other, limited)).toBe(200);
      expect(textOf('other')).not.toContain('broken');
    });

    it('that are disabled while Redis is gone are refused there at once, and by all when it is back', async () => {
      const lost = await keys('one', 'create', 'lost');
      await everywhere(lost, 200);
      await redis.stop();
      await keys('one', 'disable', 'lost');
      await answers(one, lost, 401);
      expect(await statusOf(other, lost)).toBe(200);
      redis = await Redis.start(port);
      await everywhere(lost, 401);
      await everywhere(old, 401);
    });
  },
);
