import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { hashOf, newApiKey } from '../../../src/identity/keys/api-key';
import type { KeyRing, KeyRingOptions } from '../../../src/identity/keys/key-ring';
import type { WrittenKey, WrittenTenant } from '../../../src/identity/keys/keys-schema';
import { compileCodec } from '../codec/compiled';

const compiled = compileCodec();
// The reader runs a compiled file on a thread.
const { KeyRing: Ring } = require(
  join(compiled, 'src/identity/keys/key-ring.js'),
) as typeof import('../../../src/identity/keys/key-ring');
const { StoredKey } = require(
  join(compiled, 'src/identity/keys/stored-key.js'),
) as typeof import('../../../src/identity/keys/stored-key');

const folder = mkdtempSync(join(tmpdir(), 'nexus-keys-'));
const file = join(folder, 'keys.yaml');
const opened: KeyRing[] = [];

/** The lines of the log, and what waits for the next one. */
const lines: string[] = [];
let onLine = (): void => undefined;
const record = (text: unknown): void => {
  lines.push(String(text));
  onLine();
};

beforeAll(() => Logger.overrideLogger({ log: record, warn: record, error: record }));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((ring) => ring.onApplicationShutdown()));
  lines.length = 0;
});
afterAll(() => {
  for (const path of [folder, compiled]) rmSync(path, { recursive: true });
});

/** Resolves with the first line of the log that contains `part`, which may be still to come. */
function logged(part: string): Promise<string> {
  return new Promise((resolve) => {
    onLine = () => {
      const line = lines.find((candidate) => candidate.includes(part));
      if (line !== undefined) resolve(line);
    };
    onLine();
  });
}

function write(keys: readonly WrittenKey[], tenants: readonly WrittenTenant[] = [], path = file): void {
  writeFileSync(path, `# keys\n${JSON.stringify({ keys, tenants })}`);
}

async function open(
  options: KeyRingOptions = {},
  apiKey: readonly string[] = [],
  keysFile = file,
): Promise<KeyRing> {
  const ring = await Ring.open({ apiKey, keysFile }, { pollMs: 2, ...options });
  opened.push(ring);
  return ring;
}

/** The key of the client, or the reason of the refusal. */
function outcome(ring: KeyRing, presented: string): string | undefined {
  const { caller, refusal } = ring.find(presented);
  return caller?.key ?? refusal?.reason;
}

const [alice, bob, carl] = ['alice', 'bob', 'carl'].map(newApiKey) as [string, string, string];

describe('keys of the file', () => {
  it('give the client with its grant, and the same one each time', async () => {
    const limits = { requests_per_minute: 5 };
    write(
      [
        { id: 'alice', hash: hashOf(alice), tenant: 'acme', scopes: ['read'], models: ['ocr-*'], limits },
        { id: 'bob', hash: hashOf(bob) },
      ],
      [{ id: 'acme', limits: { in_flight: 3 } }],
    );
    const ring = await open();
    const caller = ring.find(alice).caller!;
    expect(caller).toMatchObject({ id: 'acme/alice', tenant: 'acme', key: 'alice' });
    expect(caller.quotas.rates).toMatchObject([{ name: 'requests_per_minute', limit: 5 }]);
    expect([caller.has('read'), caller.has('infer', 'admin')]).toEqual([true, false]);
    expect([caller.sees('ocr-2'), caller.sees('digits')]).toEqual([true, false]);
    expect(ring.find(alice).caller).toBe(caller);
    expect(ring.quotasOf('acme')).toMatchObject({ inFlight: 3 });
    expect(ring.quotasOf('other')).toEqual({ rates: [], inFlight: undefined });

    const standard = ring.find(bob).caller!;
    expect(standard).toMatchObject({ id: 'default/bob', seesAll: true });
    expect([standard.has('infer'), standard.has('read', 'admin')]).toEqual([true, false]);
  });

  it('are refused when wrong, unknown, disabled or expired, with the id for the log', async () => {
    const previous = { hash: hashOf(bob), until: '2027-01-01' };
    write([
      { id: 'alice', hash: hashOf(alice), expires: '2027-01-01' },
      { id: 'bob', hash: hashOf(bob), disabled: true },
      { id: 'carl', hash: hashOf(carl), previous },
      { id: 'cert', subject: 'client' },
    ]);
    const ring = await open({ now: () => Date.UTC(2026, 0) });
    expect(outcome(ring, alice)).toBe('alice');
    expect(ring.find(newApiKey('alice')).refusal).toMatchObject({
      reason: 'the secret of the key is wrong',
      key: 'alice',
    });
    expect(ring.find(newApiKey('carl')).refusal).toMatchObject({
      reason: 'the secret of the key is wrong',
      key: 'carl',
    });
    expect(ring.find(newApiKey('dora')).refusal).toMatchObject({ reason: 'the key is unknown', key: 'dora' });
    expect(ring.find(bob).refusal).toMatchObject({ reason: 'the key is disabled', key: 'bob' });
    expect(ring.find(newApiKey('cert')).refusal).toMatchObject({
      reason: 'the key is a client certificate',
      key: 'cert',
    });
    for (const text of [
      '',
      'nxs_',
      alice.slice(0, -1),
      `${alice} `,
      alice.replace('nxs', 'NXS'),
      hashOf(alice),
    ])
      expect(ring.find(text).refusal).toMatchObject({ reason: 'not a key', key: undefined });
  });

  it('follow the clock in both directions, and so does the generation', async () => {
    const until = '2027-01-02T00:00:00Z';
    const old = newApiKey('bob');
    write([
      { id: 'alice', hash: hashOf(alice), expires: '2027-01-01' },
      { id: 'bob', hash: hashOf(bob), previous: { hash: hashOf(old), until } },
    ]);
    let now = Date.UTC(2027, 0, 1) - 1;
    const ring = await open({ now: () => now });
    const state = () => [outcome(ring, alice), outcome(ring, old), outcome(ring, bob)];
    const generations = [ring.generation, ring.generation];
    expect(state()).toEqual(['alice', 'bob', 'bob']);
    now += 1;
    generations.push(ring.generation, ring.generation);
    expect(state()).toEqual(['the key has expired', 'bob', 'bob']);
    now = Date.parse(until);
    generations.push(ring.generation);
    expect(state()).toEqual([
      'the key has expired',
      'the key was rotated, and its grace time has passed',
      'bob',
    ]);
    now = 0;
    generations.push(ring.generation);
    expect(state()).toEqual(['alice', 'bob', 'bob']);
    const [first] = generations as [number];
    expect(generations.map((generation) => generation - first)).toEqual([0, 0, 1, 1, 2, 3]);
  });

  it('can be client certificates', async () => {
    write([
      { id: 'cert', subject: 'spiffe://example.org/client', tenant: 'acme' },
      { id: 'old', subject: 'old', disabled: true },
    ]);
    const ring = await open();
    expect(ring.ofSubject('spiffe://example.org/client').caller).toMatchObject({ id: 'acme/cert' });
    expect(ring.ofSubject('old').refusal).toMatchObject({ reason: 'the key is disabled', key: 'old' });
    expect(ring.ofSubject('cert').refusal).toMatchObject({
      reason: 'the subject of the client certificate is unknown',
    });
  });

  it('are compared with one key of many, and made-up text with none', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => ({
      id: `key-${index}`,
      hash: hashOf(String(index)),
    }));
    write([...many, { id: 'alice', hash: hashOf(alice) }]);
    const ring = await open();
    const compared = jest.spyOn(StoredKey.prototype, 'answer');
    expect(outcome(ring, alice)).toBe('alice');
    expect(compared).toHaveBeenCalledTimes(1);
    for (const text of [bob, alice.slice(1), `${alice}0`, 'x'.repeat(64)]) outcome(ring, text);
    expect(compared).toHaveBeenCalledTimes(1);
    compared.mockRestore();
  });
});

describe('keys of NEXUS_API_KEY', () => {
  const keys = ['correct-horse-battery-staple', newApiKey('alice'), '0123456789abcdef'] as const;

  it('permit everything', async () => {
    const ring = await open({}, keys, '');
    expect(keys.map((key) => outcome(ring, key))).toEqual(['env-1', 'env-2', 'env-3']);
    const caller = ring.find(keys[0]).caller!;
    expect(caller).toMatchObject({ id: 'default/env-1', tenant: 'default', seesAll: true });
    expect((['infer', 'read', 'admin'] as const).every((scope) => caller.has(scope))).toBe(true);
    expect(outcome(ring, '0123456789abcdeg')).toBe('not a key');
    expect(outcome(ring, alice)).toBe('the key is unknown');
  });

  it('work beside those of the file, also with the id of one', async () => {
    write([{ id: 'alice', hash: hashOf(alice) }]);
    const ring = await open({}, keys);
    expect([outcome(ring, alice), outcome(ring, keys[1])]).toEqual(['alice', 'env-2']);
    expect(outcome(ring, newApiKey('alice'))).toBe('the secret of the key is wrong');
  });

  it('and the file are the only sources; a file without keys is one too', async () => {
    write([]);
    const rings = [await open({}, [], ''), await open({}, keys, ''), await open()];
    expect(rings.map((ring) => ring.isEmpty)).toEqual([true, false, false]);
    expect(outcome(rings[0]!, alice)).toBe('the key is unknown');
  });
});

describe('the keys file', () => {
  it.each([
    ['keys: [{ id: a }]', 'key "a": expected either hash or subject'],
    ['keys: [', 'expected YAML'],
  ])('refuses the start with a fault: %s', async (text, fault) => {
    writeFileSync(file, text);
    await expect(open()).rejects.toMatchObject({
      name: 'ConfigError',
      lines: [expect.stringContaining(`NEXUS_KEYS_FILE=${file}: `)],
      message: expect.stringContaining(fault) as string,
    });
  });

  it.each(['missing.yaml', '.'])('refuses the start when it cannot be read: %s', async (name) => {
    await expect(open({}, [], join(folder, name))).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('cannot be read') as string,
    });
  });

  it('is read again when it is written or replaced', async () => {
    write([{ id: 'alice', hash: hashOf(alice) }]);
    const ring = await open();
    const generation = ring.generation;
    write([
      { id: 'alice', hash: hashOf(alice) },
      { id: 'bob', hash: hashOf(bob) },
    ]);
    await logged('loaded 2 keys');
    expect([outcome(ring, alice), outcome(ring, bob)]).toEqual(['alice', 'bob']);
    expect(ring.generation).toBeGreaterThan(generation);

    write([], [], `${file}.next`);
    renameSync(`${file}.next`, file);
    await logged('loaded 0 keys');
    expect([outcome(ring, alice), outcome(ring, bob)]).toEqual(Array(2).fill('the key is unknown'));
    expect(ring.isEmpty).toBe(false);
  });

  it('is read again when the link of a Kubernetes secret is swapped', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    for (const path of [one, two]) mkdirSync(path);
    write([], [], join(one, 'keys.yaml'));
    write([{ id: 'alice', hash: hashOf(alice) }], [], join(two, 'keys.yaml'));
    symlinkSync(one, join(folder, 'data'));
    const ring = await open({}, [], join(folder, 'data/keys.yaml'));
    symlinkSync(two, join(folder, 'data.next'));
    renameSync(join(folder, 'data.next'), join(folder, 'data'));
    await logged('loaded 1 keys');
    expect(outcome(ring, alice)).toBe('alice');
  });

  it('keeps its last correct content, says why once, and recovers', async () => {
    write([{ id: 'alice', hash: hashOf(alice) }]);
    const ring = await open();
    const broken = hashOf('secret').slice(0, -1);
    writeFileSync(file, `keys: [{ id: bob, hash: "${broken}" }]`);
    const line = await logged('stay in use');
    expect(line).toContain(`${file}: key "bob": hash: expected sha256:`);
    expect(line).not.toContain(broken.slice(7, 20));
    expect(outcome(ring, alice)).toBe('alice');

    unlinkSync(file);
    await logged('cannot be read');
    expect(outcome(ring, alice)).toBe('alice');

    write([
      { id: 'bob', hash: hashOf(bob) },
      { id: 'carl', hash: hashOf(carl) },
    ]);
    await logged('loaded 2 keys');
    expect([outcome(ring, alice), outcome(ring, bob)]).toEqual(['the key is unknown', 'bob']);
    expect(lines.filter((text) => text.includes('stay in use'))).toHaveLength(2);
  });
});
