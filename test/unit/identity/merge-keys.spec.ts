import { hashOf, newApiKey } from '../../../src/identity/keys/api-key';
import { parseKeys } from '../../../src/identity/keys/file/keys-file';
import { mergeKeys } from '../../../src/identity/keys/file/merge-keys';

const hash = hashOf(newApiKey('some'));
const rotated = hashOf(newApiKey('some'));
const key = (id: string, more: object = {}) => ({ id, hash, ...more });
const textOf = (keys: readonly object[], tenants: readonly object[] = []) =>
  JSON.stringify({ keys, tenants });
const merged = (base: readonly object[], mine: readonly object[], theirs: readonly object[]) =>
  parseKeys(mergeKeys(textOf(base), textOf(mine), textOf(theirs))).keys;

it.each([
  ['keys that either adds', [], [key('a')], [key('b')], [key('b'), key('a')]],
  ['a key that mine removes', [key('a'), key('b')], [key('b')], [key('a'), key('b')], [key('b')]],
  ['a key that theirs removes', [key('a'), key('b')], [key('a'), key('b')], [key('b')], [key('b')]],
  [
    'a key that theirs removes and mine changes, which stays removed',
    [key('a')],
    [key('a', { tenant: 'x' })],
    [],
    [],
  ],
  [
    'a key that theirs disables and mine changes, which stays disabled',
    [key('a')],
    [key('a', { tenant: 'x' })],
    [key('a', { disabled: true })],
    [key('a', { tenant: 'x', disabled: true })],
  ],
  [
    'a key that mine disables',
    [key('a')],
    [key('a', { disabled: true })],
    [key('a'), key('b')],
    [key('a', { disabled: true }), key('b')],
  ],
  [
    'a key whose secret theirs replaces and whose tenant mine changes, which has the new secret',
    [key('a', { expires: '2030-01-01' })],
    [key('a', { tenant: 'x' })],
    [key('a', { hash: rotated, expires: '2030-01-01' })],
    [key('a', { hash: rotated, tenant: 'x' })],
  ],
  [
    'a key that both add, which has nothing of theirs',
    [],
    [key('a')],
    [key('a', { hash: rotated, tenant: 'x' })],
    [key('a')],
  ],
])('merges %s', (_case, base, mine, theirs, expected) => {
  expect(merged(base, mine, theirs)).toEqual(expected);
});

it('merges the limits of tenants', () => {
  const limits = { requests_per_day: 1 };
  const text = mergeKeys(textOf([]), textOf([], [{ id: 't', limits }]), textOf([key('a')]));
  expect(parseKeys(text)).toEqual({ keys: [key('a')], tenants: [{ id: 't', limits }] });
});

it('keeps the comments of theirs', () => {
  const text = mergeKeys(
    'keys: []\n',
    textOf([key('a')]),
    `# ours\nkeys:\n  - id: b # the other\n    hash: ${hash}\n`,
  );
  expect(text).toContain('# ours');
  expect(text).toContain('# the other');
});
