import 'reflect-metadata';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runKeys } from '../../../src/app.keys';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-keys-'));
  file = join(folder, 'keys.yaml');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function keys(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  const status = await runKeys([...args, ...(args.includes('--file') ? [] : ['--file', file])]);
  jest.restoreAllMocks();
  return { status, ...written };
}

describe('a command that cannot succeed', () => {
  it.each([
    [['make', 'a'], 'expected a command, one of create, list, disable, rotate; came "make"'],
    [['create'], 'expected one id; came 0'],
    [['create', 'a_b'], 'expected an id of 1 to 64 letters'],
    [['create', 'env-1'], 'expected an id of 1 to 64 letters'],
    [['create', 'a', '--scopes', 'write'], 'expected --scopes from infer, read, admin; came "write"'],
    [
      ['create', 'a', '--limit', 'rows=1'],
      'expected --limit <name>=<number> with one of requests_per_second',
    ],
    [['create', 'a', '--limit', 'in_flight=0'], 'expected --limit <name>=<number>'],
    [['create', 'a', '--expires', '2020-01-01'], 'expected --expires with a future date'],
    [['create', 'a', '--colour', 'red'], "Unknown option '--colour'"],
    [['rotate', 'a', '--grace', '1'], 'expected --grace with a duration such as 30m'],
    [['list', 'a'], 'expected no id; came 1'],
  ])('%j exits with 2', async (args, message) => {
    const { status, stdout, stderr } = await keys(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^keys: .*; see keys --help\n$/);
    expect(stderr).toContain(message);
    expect(existsSync(file)).toBe(false);
  });

  it('exits with 1 and leaves the file as it was', async () => {
    const content = `keys:\n  - { id: a, hash: "sha256:${'0'.repeat(64)}", disabled: true }\n  - { id: c, subject: c }\n`;
    writeFileSync(file, content);
    const failures = [
      [['create', 'a'], 'keys: key a: expected an id that the file does not have'],
      [['create', 'b', '--tenant', 'a b'], 'keys: key "b": tenant: expected 1 to 64 letters'],
      [['rotate', 'a'], 'keys: key a: expected a key that is not disabled'],
      [['rotate', 'b'], 'keys: key b: the file has no key with this id'],
      [['rotate', 'c'], 'keys: key c: expected a key, but it is a certificate'],
      [['disable', 'b'], 'keys: key b: the file has no key with this id'],
      [['list', '--file', join(folder, 'none')], 'keys: cannot be read: ENOENT'],
    ] as const;
    for (const [args, message] of failures) {
      const { status, stdout, stderr } = await keys(...args);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
    }
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual(['keys.yaml']);

    writeFileSync(file, 'keys: [{ id: a }]');
    expect(await keys('create', 'b')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('"a"'),
    });
  });

  it('prints its usage for --help', async () => {
    expect(await keys('--help')).toMatchObject({ status: 0, stderr: '' });
    expect((await keys('create', '--help')).stdout).toContain('--limit requests_per_minute=100');
  });
});
