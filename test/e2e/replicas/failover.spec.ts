import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { freePorts, HAS_REDIS, Redis } from '../support/redis';
import { Relay } from '../support/relay';
import { tearDown } from '../support/tear-down';

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis(HAS_REDIS ? 'a replica whose Redis' : 'left out, because there is no redis-server', () => {
  const repository = new Repository().model('m', affine());
  let first: Redis;
  let second: Redis;
  /** The host name of the primary. */
  let relay: Relay;
  let gateway: Gateway;

  beforeAll(async () => {
    const ports = (await freePorts(2)) as [number, number];
    [first, second] = await Promise.all([Redis.start(ports[0]), Redis.start(ports[1])]);
    relay = await Relay.start(first.url);
    gateway = await Gateway.start(repository, {
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: '*',
      NEXUS_REDIS_URL: relay.url.replace('http', 'redis'),
    });
  });
  afterAll(async () => {
    await tearDown(gateway, repository);
    await Promise.all([relay.stop(), first.stop(), second.stop()]);
  });

  const command = async (url: string, ...words: readonly string[]) => {
    const client = createClient({ url });
    await client.connect();
    const reply = await client.sendCommand([...words]);
    client.destroy();
    return reply;
  };
  const setAlias = (alias: string, model = 'm') =>
    gateway.send(`/v1/models/${model}/aliases/${alias}`, {
      method: 'PUT',
      body: JSON.stringify({ version: '1' }),
    });
  const aliases = async () => Object.keys((await gateway.send('/v1/models/m/aliases')).json().aliases);

  it('has documents that no replica writes uses and replaces the others', async () => {
    const set = (...pairs: readonly string[]) =>
      command(first.url, 'HSET', 'nexus:replicas:1', 'revision', 'other', ...pairs);
    const document = JSON.stringify({ aliases: { beta: '1' }, traffic: null });
    await set('e:rollout:m', `${Date.now() + 60_000} digest`, 'c:rollout:m', document);
    while (!(await aliases()).includes('beta')) await delay(20);
    const damages = [
      ['e:rollout:m', 'none', 'c:rollout:m', document],
      ['e:rollout:m', '1e300 digest', 'c:rollout:m', document],
      ['e:rollout:m', '9007199254740993 digest', 'c:rollout:m', document],
      ['e:rollout:m', '9000000000000 digest', 'c:rollout:m', ''],
      ['e:rollout:m', '9000000000001 digest', 'c:rollout:m', '{'],
      ['e:rollout:a', 'none', 'e:rollout:b', '1 digest', 'e:nothing', '', 'e:', '1 digest'],
    ];
    for (const [index, damage] of damages.entries()) {
      await set(...damage);
      expect(await setAlias(`after-${index}`)).toMatchObject({ status: 200 });
    }
    expect(await aliases()).toEqual(['beta', ...damages.map((_, index) => `after-${index}`)]);
  });

  it('has become a replica of another server uses the server that its host name leads to', async () => {
    await command(first.url, 'REPLICAOF', '127.0.0.1', '1');
    relay.leadTo(second.url);
    const { status, body } = await setAlias('late');
    expect(status).toBe(503);
    expect(String(body)).toContain('READONLY');
    while ((await setAlias('late')).status !== 200) await delay(50);
    expect(await command(second.url, 'HGET', 'nexus:replicas:1', 'c:rollout:m')).toContain('late');
  });
});
