import 'reflect-metadata';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../../../src/cli/command-error';
import { runCreate, runDisable, runList, runRotate, type KeyOptions } from '../../../src/cli/keys/run-keys';

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

/** Runs a command of `keys`, which must fail and print nothing. */
async function failure(command: (options: KeyOptions) => Promise<void>, options: KeyOptions = {}) {
  const written: unknown[] = [];
  for (const stream of ['stdout', 'stderr'] as const)
    jest.spyOn(process[stream], 'write').mockImplementation((text) => written.push(text) > 0);
  const error: unknown = await command({ file, ...options }).catch((reason: unknown) => reason);
  jest.restoreAllMocks();
  expect(written).toEqual([]);
  expect(error).toBeInstanceOf(CommandError);
  return error as CommandError;
}

const create = (id: string) => (options: KeyOptions) => runCreate(id, options);
const disable = (id: string) => (options: KeyOptions) => runDisable(id, options);
const rotate = (id: string) => (options: KeyOptions) => runRotate(id, options);

describe('a command that cannot succeed', () => {
  it.each([
    [create('a_b'), {}, 'expected an id of 1 to 64 letters'],
    [create('env-1'), {}, 'expected an id of 1 to 64 letters'],
    [create('a'), { scopes: 'write' }, 'expected --scopes from infer, read, admin; came "write"'],
    [create('a'), { limit: ['rows=1'] }, 'expected --limit <name>=<number> with one of requests_per_second'],
    [create('a'), { limit: ['in_flight=0'] }, 'expected --limit <name>=<number>'],
    [create('a'), { expires: '2020-01-01' }, 'expected --expires with a future date'],
    [rotate('a'), { grace: '1' }, 'expected --grace with a duration such as 30m'],
  ] as const)('exits with 2 for arguments that cannot be used: %#', async (command, options, message) => {
    const error = await failure(command, options);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(message);
    expect(existsSync(file)).toBe(false);
  });

  it('exits with 1 and leaves the file as it was', async () => {
    const content = `keys:\n  - { id: a, hash: "sha256:${'0'.repeat(64)}", disabled: true }\n  - { id: c, subject: c }\n`;
    writeFileSync(file, content);
    const failures = [
      [create('a'), {}, 'key a: expected an id that the file does not have'],
      [create('b'), { tenant: 'a b' }, 'key "b": tenant: expected 1 to 64 letters'],
      [rotate('a'), {}, 'key a: expected a key that is not disabled'],
      [rotate('b'), {}, 'key b: the file has no key with this id'],
      [rotate('c'), {}, 'key c: expected a key, but it is a certificate'],
      [disable('b'), {}, 'key b: the file has no key with this id'],
      [runList, { file: join(folder, 'none') }, 'cannot be read: ENOENT'],
    ] as const;
    for (const [command, options, message] of failures) {
      const error = await failure(command, options);
      expect([error.exitCode, error.message]).toEqual([1, expect.stringContaining(message)]);
    }
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual(['keys.yaml']);

    writeFileSync(file, 'keys: [{ id: a }]');
    expect((await failure(create('b'))).message).toContain('"a"');
  });
});
