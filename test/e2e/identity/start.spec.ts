import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { affine } from '../../fixtures/models';
import { KeysFile } from '../../fixtures/keys';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf, childrenOf } from '../support/processes';
import { tearDown } from '../support/tear-down';

const KEY = 'correct-horse-battery';
const repository = new Repository().model('affine', affine());
const file = new KeysFile();
afterAll(() => tearDown(repository, file));

/** Starts a gateway that is expected not to, and returns the only line that it prints. */
async function refusal(env: NodeJS.ProcessEnv): Promise<string> {
  const { code, stderr, logs } = await Gateway.failing(env, repository);
  expect([code, logs]).toEqual([1, []]);
  expect(stderr).toMatch(/^.+\n$/);
  return stderr;
}

describe('the start', () => {
  it.each([
    [
      'an address that others can reach, without credentials to check',
      { NEXUS_HOST: '0.0.0.0' },
      /^NEXUS_HOST=0\.0\.0\.0: everyone who .*NEXUS_API_KEY.*NEXUS_KEYS_FILE.*NEXUS_OIDC_ISSUER.*NEXUS_AUTH=off/,
    ],
    [
      'keys that would not be checked',
      { NEXUS_AUTH: 'off', NEXUS_API_KEY: KEY },
      /^NEXUS_AUTH=off: expected no keys and no issuer/,
    ],
    [
      'a keys file that is missing',
      { NEXUS_KEYS_FILE: '/nowhere/keys.yaml', NEXUS_HOST: '0.0.0.0' },
      /\/nowhere\/keys\.yaml/,
    ],
    ['a keys file with a fault', { NEXUS_KEYS_FILE: 'package.json' }, /package\.json/],
  ])('is refused with %s', async (_what, env, message) => {
    const line = await refusal(env);
    expect(line).toMatch(message);
    expect(line).not.toContain(KEY);
  });

  it.each([
    ['with NEXUS_AUTH=off', { NEXUS_HOST: '0.0.0.0', NEXUS_AUTH: 'off' }, 200],
    ['with a keys file, even without a key in it', { NEXUS_HOST: '::', NEXUS_KEYS_FILE: file.path }, 401],
  ])('succeeds on all addresses %s', async (_how, env, status) => {
    const gateway = await Gateway.listening(repository, env);
    try {
      expect((await gateway.fetch('/v2')).status).toBe(status);
    } finally {
      await gateway.stop();
    }
  });
});

describe('secrets of the environment', () => {
  /** Repeats the arguments of commands that it does not know, as Redis does. */
  const redis = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) =>
      socket.write(`-ERR unknown command: ${JSON.stringify(bytes.toString())}\r\n`),
    );
  });
  let gateway: Gateway;
  beforeAll(async () => {
    await once(redis.listen(0, '127.0.0.1'), 'listening');
    const { port } = redis.address() as AddressInfo;
    gateway = await Gateway.start(repository, {
      NEXUS_HOST: '0.0.0.0',
      NEXUS_API_KEY: `${KEY},${KEY}`,
      NEXUS_REDIS_URL: `redis://user:sesame%21sesame@127.0.0.1:${port}`,
      NEXUS_LOG_LEVEL: 'trace',
      CUDA_VISIBLE_DEVICES: '0',
    });
  });
  afterAll(() => tearDown(gateway, redis));

  it('open the gateway, on every address', async () => {
    expect((await gateway.send('/v2')).status).toBe(401);
    expect((await gateway.send('/v2', { headers: { 'x-api-key': KEY } })).status).toBe(200);
  });

  it('are not passed to processes that execute models', () => {
    const pids = [...childrenOf(gateway.pid), ...allRunnersOf(gateway.pid)];
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(environment).toContain('CUDA_VISIBLE_DEVICES=0');
      expect(environment).not.toMatch(/NEXUS_|correct-horse|sesame/);
    }
  });

  it('are in no title and in no line that the gateway prints', async () => {
    await gateway.logged(({ msg }) => msg?.startsWith('Redis is not available') ?? false);
    const titles = [gateway.pid, ...childrenOf(gateway.pid)].map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    );
    expect(titles.join() + gateway.stdout + gateway.stderr).not.toMatch(/correct-horse|sesame/);
  });
});
