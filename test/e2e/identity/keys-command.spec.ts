import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { hashOf, idOf } from '../../../src/identity/keys/api-key';
import { parseKeys } from '../../../src/identity/keys/file/keys-file';

const MAIN = resolve('dist/main.js');

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-keys-'));
  file = join(folder, 'keys.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

function keys(...args: readonly string[]) {
  const env = { ...process.env, NEXUS_KEYS_FILE: file };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'keys', ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function stored(id: string) {
  return parseKeys(readFileSync(file, 'utf8')).keys.find((key) => key.id === id);
}

describe('keys create', () => {
  it('makes the file, and prints the key alone on stdout', () => {
    const { status, stdout, stderr } = keys('create', 'alice');
    expect([status, stderr]).toEqual([0, `added key alice to ${file}; it is shown only once\n`]);
    expect(stdout).toMatch(/^nxs_alice_\w{43}_\w{6}\n$/);
    expect(idOf(stdout.trim())).toBe('alice');
    expect(stored('alice')).toEqual({
      id: 'alice',
      hash: hashOf(stdout.trim()),
      tenant: 'default',
      scopes: ['infer'],
      models: ['*'],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(stdout.trim().split('_')[2]);
    expect(readdirSync(folder)).toEqual(['keys.yaml']);
  });

  it('takes all properties, and keeps comments, order and mode', () => {
    writeFileSync(file, '# mine\nkeys:\n  # the first\n  - id: zoe\n    subject: zoe # why\ntenants: []\n');
    chmodSync(file, 0o640);
    const options = [
      '--tenant=acme',
      '--scopes=infer,read',
      '--models',
      'digits,ocr-*',
      '--expires=2999-01-31',
    ];
    const limits = ['--limit', 'requests_per_minute=100', '--limit', 'in_flight=2'];
    expect(keys('create', '7', ...options, ...limits, '--description', 'a: "b" # c').status).toBe(0);
    expect(stored('7')).toMatchObject({
      tenant: 'acme',
      scopes: ['infer', 'read'],
      models: ['digits', 'ocr-*'],
      limits: { requests_per_minute: 100, in_flight: 2 },
      expires: '2999-01-31',
      description: 'a: "b" # c',
    });
    expect(readFileSync(file, 'utf8')).toMatch(
      /^# mine\nkeys:\n {2}# the first\n {2}- id: zoe\n {4}subject: zoe # why\n {2}- id: "7"\n[^]*\ntenants: \[\]\n$/,
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('edits the file behind a link', () => {
    writeFileSync(join(folder, 'real.yaml'), 'keys: []\n');
    symlinkSync('real.yaml', file);
    expect(keys('create', 'alice').status).toBe(0);
    expect(readFileSync(join(folder, 'real.yaml'), 'utf8')).toContain('alice');
    expect(readdirSync(folder, { withFileTypes: true }).map((entry) => entry.isSymbolicLink())).toContain(
      true,
    );
  });

  it('loses no edit of many at the same time, also after a process that died with the lock', async () => {
    writeFileSync(`${file}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
    const ids = Array.from({ length: 6 }, (_, index) => `key-${index}`);
    const printed = await Promise.all(
      ids.map(async (id) => {
        const child = spawn(process.execPath, [MAIN, 'keys', 'create', id, '--file', file]);
        const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return output.trim();
      }),
    );
    expect(ids.map((id) => stored(id)?.hash)).toEqual(printed.map(hashOf));
    expect(readdirSync(folder)).toEqual(['keys.yaml']);
  });
});

describe('keys rotate', () => {
  it('replaces the key, and keeps the old one for the grace time', () => {
    const old = keys('create', 'alice').stdout.trim();
    const before = Date.now();
    const { stdout, stderr } = keys('rotate', 'alice', '--grace', '2h');
    const { hash, previous } = stored('alice')!;
    expect([hash, previous?.hash]).toEqual([hashOf(stdout.trim()), hashOf(old)]);
    expect(Date.parse(previous!.until)).toBeGreaterThanOrEqual(before + 7_200_000);
    expect(Date.parse(previous!.until)).toBeLessThanOrEqual(Date.now() + 7_200_000);
    expect(stderr).toContain(`accepted until ${previous!.until}`);

    keys('rotate', 'alice', '--grace', '0s');
    expect(stored('alice')).not.toHaveProperty('previous');
  });
});

describe('keys list', () => {
  it('prints keys without hashes', () => {
    const created = keys('create', 'alice', '--limit', 'in_flight=1').stdout;
    keys('create', 'bob', '--tenant', 'acme');
    keys('rotate', 'alice');
    expect(keys('disable', 'bob')).toMatchObject({ status: 0, stdout: '' });
    const table = keys('list').stdout;
    expect(table.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['ID', 'STATE', 'TENANT', 'SCOPES', 'MODELS', 'LIMITS', 'EXPIRES', 'DESCRIPTION'],
      ['alice', 'active', 'default', 'infer', '*', 'in_flight=1', 'never'],
      ['bob', 'disabled', 'acme', 'infer', '*', 'never'],
      [''],
    ]);
    const json = keys('list', '--json').stdout;
    expect(JSON.parse(json)).toMatchObject([
      { id: 'alice', state: 'active', previous_until: stored('alice')!.previous!.until },
      { id: 'bob', state: 'disabled' },
    ]);
    for (const output of [table, json]) {
      expect(output).not.toMatch(/[0-9a-f]{64}/);
      expect(output).not.toContain(created.trim());
    }
  });
});

describe('the exit code', () => {
  it('is 2 for arguments that cannot be used, and 1 for a failure', () => {
    const wrong = [
      [['make', 'alice'], "unknown command 'make'"],
      [['create'], "missing required argument 'id'"],
      [['create', 'a_b'], 'expected an id of 1 to 64 letters'],
      [['rotate', 'a', '--grase', '1h'], "unknown option '--grase'; did you mean --grace?"],
      [['list', 'a'], "too many arguments for 'list'. Expected 0 arguments but got 1"],
    ] as const;
    for (const [args, message] of wrong) {
      const { status, stdout, stderr } = keys(...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^keys: .*[;?] see nexus keys --help\n$/);
      expect(stderr).toContain(message);
    }
    expect(keys('list')).toMatchObject({ status: 1, stdout: '' });
  });
});
