import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecret, SECRET_FORM } from '../../../src/config/secret';

const NAME = 'NEXUS_TEST_SECRET';
const folder = mkdtempSync(join(tmpdir(), 'nexus-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete process.env[NAME];
});

function file(text: string): string {
  const path = join(folder, 'secret');
  writeFileSync(path, text);
  return `file:${path}`;
}

/** A reference to `text` in the environment. */
function variable(text: string): string {
  process.env[NAME] = text;
  return `env:${NAME}`;
}

const messageOf = async (reference: string): Promise<string> => {
  const fault: unknown = await readSecret(reference).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(Error);
  return (fault as Error).message;
};

it.each([
  ['env:KEY', true],
  ['env:_a1', true],
  ['file:/run/secrets/key', true],
  ['file:key.txt', true],
  ['sk-secret', false],
  ['env:', false],
  ['env:1A', false],
  ['env:A B', false],
  ['file:', false],
  ['ENV:KEY', false],
  [' env:KEY', false],
])('%j is a reference: %p', (text, isReference) => {
  expect(SECRET_FORM.test(text)).toBe(isReference);
});

describe.each([
  ['the environment', variable],
  ['a file', file],
])('a secret in %s', (_where, refer) => {
  it('is read without white space at its ends', async () => {
    expect(await readSecret(refer('key'))).toBe('key');
    expect(await readSecret(refer(' \tä key\r\n'))).toBe('ä key');
  });

  it('is not empty', async () => {
    for (const text of ['', ' \n']) {
      const reference = refer(text);
      expect(await messageOf(reference)).toBe(`${reference} is empty`);
    }
  });

  it('has at most 65,536 characters, and is not shown', async () => {
    const longest = 's'.repeat(65_536);
    expect(await readSecret(refer(longest))).toBe(longest);
    const reference = refer(`${longest}s`);
    expect(await messageOf(reference)).toBe(`${reference} has more than 65536 characters`);
  });
});

it('names the variable that is not set', async () => {
  expect(await messageOf(`env:${NAME}`)).toBe(`env:${NAME} is not set in the environment of the gateway`);
});

it('names the file that cannot be read', async () => {
  expect(await messageOf('file:/nowhere/key')).toBe('file:/nowhere/key cannot be read: ENOENT');
  expect(await messageOf(`file:${folder}`)).toBe(`file:${folder} cannot be read: EISDIR`);
});
