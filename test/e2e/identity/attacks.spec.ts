import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';
import { hashOf, newApiKey } from '../../../src/identity/keys/api-key';
import { KeysFile } from '../../fixtures/keys';
import { Issuer } from '../../fixtures/issuer';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { sendBytes } from '../support/http';
import { residentBytes } from '../support/processes';
import { tearDown } from '../support/tear-down';

const BAD_KEYS = 10_000;
const WARM_UP = 3000;
/** To remember the refused keys would take about 5 MiB for their text alone, and tokens 40 MiB. */
const ALLOWED_GROWTH = 24 * 2 ** 20;
/** Attacks to find one during which the heap did not have to grow. */
const MORE_ROUNDS = 3;

const ENVIRONMENT_KEY = 'environment-key-of-the-test';
const repository = new Repository().model('affine', affine());
const file = new KeysFile();
const key = file.add('first', { scopes: ['infer', 'read', 'admin'], tenant: 'acme' });
file.addUnknown(50_000);
/** Only in paths, which the log has as they are. */
const inPaths = file.add('in-paths');
const middle = file.add('middle');
file.addUnknown(50_000, 'further');

let issuer: Issuer;
let gateway: Gateway;

beforeAll(async () => {
  issuer = await Issuer.start();
  gateway = await Gateway.start(repository, {
    ...issuer.settings,
    NEXUS_KEYS_FILE: file.path,
    NEXUS_API_KEY: ENVIRONMENT_KEY,
    NEXUS_LOG_LEVEL: 'trace',
    // With room to spare, V8 would let its heap grow for a while before it collects garbage.
    NODE_OPTIONS: '--max-semi-space-size=4',
  });
});

afterAll(async () => {
  await tearDown(gateway, repository);
  await issuer.stop();
  file.remove();
});

const body = JSON.stringify(oneRow(1));
const infer = (headers: Record<string, string>, path = '/v2/models/affine/infer') =>
  gateway.send(path, { method: 'POST', headers, body });
const loggedAs = async (requestId: string) =>
  (await gateway.logged((line) => line['requestId'] === requestId))['caller'];

it('a key in the middle of 100,000 works, and one that is not there does not', async () => {
  expect((await infer({ 'x-api-key': middle })).status).toBe(200);
  expect((await infer({ 'x-api-key': newApiKey('unknown-7') })).status).toBe(401);
});

it('10,000 different bad keys and tokens are refused, and none is remembered', async () => {
  const pool = new Pool(gateway.url, { connections: 8 });
  const bad = [
    () => ({ 'x-api-key': newApiKey('nobody') }),
    () => ({ 'x-api-key': newApiKey('first') }),
    () => ({ authorization: `Bearer ${Math.random()}${'x'.repeat(500)}` }),
    () => ({ authorization: `Bearer ${issuer.sign({}, { kid: String(Math.random()) })}` }),
    () => ({ authorization: `Bearer ${issuer.sign({ aud: 'other', jti: String(Math.random()) })}` }),
  ];
  const attack = async (count: number): Promise<Set<number>> => {
    const statuses = new Set<number>();
    let sent = 0;
    const client = async () => {
      while (sent < count) {
        const headers = bad[sent++ % bad.length]!();
        const answer = await pool.request({ path: '/v2/models/affine/infer', method: 'POST', headers, body });
        statuses.add(answer.statusCode);
        await answer.body.dump();
      }
    };
    await Promise.all(Array.from({ length: 16 }, client));
    return statuses;
  };
  expect(await attack(WARM_UP)).toEqual(new Set([401]));
  /** How much memory an attack adds. A heap that has not reached its size yet grows once; what is remembered, each time. */
  const growth = async (): Promise<number> => {
    const before = residentBytes(gateway.pid);
    expect(await attack(BAD_KEYS)).toEqual(new Set([401]));
    return residentBytes(gateway.pid) - before;
  };
  let health = 0;
  const attacked = growth();
  const watch = (async () => {
    while (health < 20) {
      expect((await gateway.send('/health/live')).status).toBe(200);
      expect((await infer({ 'x-api-key': key })).status).toBe(200);
      health++;
    }
  })();
  let least = await attacked;
  await watch;
  for (let round = 0; round < MORE_ROUNDS && least >= ALLOWED_GROWTH; round++)
    least = Math.min(least, await growth());
  expect(least).toBeLessThan(ALLOWED_GROWTH);
  // All ids of keys that no issuer has cause at most one fetch in 10 seconds.
  expect(issuer.keyRequests).toBeLessThan(10);
  await pool.close();
});

it('credentials count only in their headers', async () => {
  const encoded = encodeURIComponent(key);
  for (const headers of [
    { cookie: `authorization=Bearer ${key}; x-api-key=${key}; api_key=${key}` },
    { 'proxy-authorization': `Bearer ${key}` },
    { 'x-authorization': `Bearer ${key}` },
    { 'api-key': key },
    { 'x-forwarded-authorization': `Bearer ${key}` },
    { referer: `http://localhost/?api_key=${key}` },
    { host: `${key}@localhost` },
  ] as readonly Record<string, string>[])
    expect([Object.keys(headers), (await infer(headers)).status]).toEqual([Object.keys(headers), 401]);
  for (const path of [
    `/v2?api_key=${encoded}`,
    `/v2?access_token=${encoded}&x-api-key=${encoded}`,
    `/v2#${encoded}`,
  ])
    expect((await gateway.send(path)).status).toBe(401);
  for (const path of [`/${inPaths}/v2`, `/v2/models/${inPaths}/infer`])
    expect([401, 404]).toContain((await infer({}, path)).status);
  const inBody = { ...oneRow(1), parameters: { api_key: key, authorization: `Bearer ${key}` } };
  const answer = await gateway.send('/v2/models/affine/infer', {
    method: 'POST',
    body: JSON.stringify(inBody),
  });
  expect(answer.status).toBe(401);
});

it.each([
  ['a null byte', 'x-api-key: \0KEY', 400],
  ['a carriage return', 'x-api-key: a\rx-api-key: KEY', 400],
  ['a folded header', 'x-a: b\r\n x-api-key: KEY', 400],
  ['a space before the colon', 'x-api-key : KEY', 400],
  ['non-ASCII', 'x-api-key: KEY\xe9', 401],
  ['non-ASCII in Basic', 'authorization: Basic \xe9KEY', 401],
  ['a comma and a second key', 'x-api-key: KEY, KEY', 401],
  ['x-api-key twice', 'x-api-key: KEY\r\nx-api-key: KEY', 401],
  ['Authorization twice', 'authorization: Bearer KEY\r\nauthorization: Bearer KEY', 401],
  [
    'a Connection header that names the credential',
    'connection: authorization\r\nauthorization: Bearer KEYx',
    401,
  ],
])('a request with %s is refused', async (_what, lines, status) => {
  const text = `GET /v2 HTTP/1.1\r\nhost: nexus\r\nconnection: close\r\n${lines.replaceAll('KEY', key)}\r\n\r\n`;
  expect(await sendBytes(gateway.url, Buffer.from(text, 'latin1'))).toMatch(
    new RegExp(`^HTTP/1.1 ${status} `),
  );
});

describe('X-Forwarded-For', () => {
  const forged = {
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
    'x-real-ip': '203.0.113.9',
  };

  it('names nobody without NEXUS_TRUST_PROXY, and opens nothing', async () => {
    for (const address of ['203.0.113.9', '127.0.0.1', 'acme/first', '::1']) {
      const requestId = `forged-${address.length}`;
      const headers = { ...forged, 'x-forwarded-for': address, 'x-request-id': requestId };
      expect((await infer(headers)).status).toBe(401);
      expect(await loggedAs(requestId)).toBe('127.0.0.1');
    }
    await infer({ ...forged, 'x-api-key': key, 'x-request-id': 'forged-known' });
    expect(await loggedAs('forged-known')).toBe('acme/first');
  });

  it('names strangers behind a trusted proxy, and never a client with a key', async () => {
    const behind = await Gateway.start(repository, {
      NEXUS_KEYS_FILE: file.path,
      NEXUS_TRUST_PROXY: '127.0.0.1',
    });
    let asked = 0;
    const ask = async (headers: Record<string, string>) => {
      const requestId = `behind-${++asked}`;
      await behind.send('/v2/models/affine/infer', {
        method: 'POST',
        headers: { ...headers, 'x-request-id': requestId },
        body,
      });
      return (await behind.logged((line) => line['requestId'] === requestId))['caller'];
    };
    expect(await ask({ 'x-forwarded-for': '198.51.100.1, 203.0.113.9' })).toBe('203.0.113.9');
    expect(await ask({ 'x-forwarded-for': 'acme/first' })).toBe('unknown');
    expect(await ask({ 'x-forwarded-for': '203.0.113.7', 'x-api-key': key })).toBe('acme/first');
    await behind.stop();
  });
});

describe('secrets', () => {
  const secretsOf = (text: string) => [text, text.split('_')[2]!, hashOf(text), hashOf(text).slice(7)];

  it('are in no log, metric, page, error or trace', async () => {
    const token = issuer.sign({ tenant: 'acme', scope: 'nexus:infer nexus:read nexus:admin' });
    const basic = Buffer.from(`user:${key}`).toString('base64');
    const wrong = newApiKey('first');
    const ways = [
      { 'x-api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `Basic ${basic}` },
      { authorization: `Bearer ${token}` },
      { authorization: `Bearer ${token}x` },
      { authorization: `Bearer ${ENVIRONMENT_KEY}` },
      { 'x-api-key': wrong },
      { authorization: `Bearer ${key}`, 'x-api-key': wrong },
    ] as readonly Record<string, string>[];
    const traced = await gateway.send('/v2/trace/setting', {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: JSON.stringify({ trace_level: ['TIMESTAMPS'], trace_rate: '1' }),
    });
    expect(traced.status).toBe(200);
    const received: string[] = [];
    const client = new GrpcClient(gateway.grpc);
    for (const headers of ways) {
      for (const path of [
        '/v2',
        '/v2/nothing',
        '/metrics',
        '/openapi.json',
        '/docs',
        '/health',
        '/v2/repository/index',
      ]) {
        const answer = await gateway.send(path, { headers });
        received.push(JSON.stringify(answer.headers), answer.body.toString());
      }
      for (const path of ['/v2/models/affine/infer', '/v2/models/none/infer', '/v1/models/affine:predict']) {
        const answer = await infer(headers, path);
        received.push(JSON.stringify(answer.headers), answer.body.toString());
      }
      const { error, trailers } = await client.call('ModelInfer', messageOf('affine', oneRow(1)), headers);
      received.push(`${error?.details}`, JSON.stringify(trailers.toJSON()));
    }
    client.close();
    await gateway.logged(({ msg }) => msg === 'trace');
    expect(received.join('')).toContain('nexus_http_requests');
    const all = [...received, gateway.stdout, gateway.stderr].join('\n');
    const secrets = [key, middle, wrong].flatMap(secretsOf);
    const scanned = [...secrets, ENVIRONMENT_KEY, basic, token, ...token.split('.').slice(1)];
    const lines = all.split('\n');
    expect(lines.filter((line) => scanned.some((secret) => line.includes(secret)))).toEqual([]);
    expect(all).not.toMatch(/sha256:[0-9a-f]/);
  });

  it('are in no line for people either, at any level', async () => {
    const env = {
      ...process.env,
      NEXUS_PORT: '0',
      NEXUS_GRPC_PORT: '0',
      NEXUS_MODEL_REPOSITORY: repository.path,
      NEXUS_DRAIN_DELAY_MS: '0',
      NEXUS_LOG_LEVEL: 'trace',
      NEXUS_LOG_FORMAT: 'text',
      NEXUS_API_KEY: `${ENVIRONMENT_KEY},${key}`,
    };
    const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let written = '';
    child.stdout.on('data', (text: Buffer) => (written += text.toString()));
    for await (const line of createInterface(child.stderr)) {
      written += `${line}\n`;
      if (line.includes('Docs')) break;
    }
    const url = /https?:\S+\d/.exec(written)![0];
    for (const headers of [
      { 'x-api-key': key },
      { 'x-api-key': `${key}x` },
      { authorization: `Bearer ${key}` },
    ])
      await fetch(`${url}/v2/models/affine/infer`, { method: 'POST', headers, body });
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
    expect(written).toMatch(/ 401 /);
    for (const secret of [...secretsOf(key), ENVIRONMENT_KEY]) expect(written.includes(secret)).toBe(false);
  });
});
