import { KnownCaller } from '../../../../src/identity/known-caller';
import { RecentToken, RecentTokens } from '../../../../src/identity/oidc/recent-tokens';
import type { SigningKey } from '../../../../src/identity/oidc/signing-keys';
import { UNLIMITED } from '../../../../src/limits/quota';

const KEY: SigningKey = { jwk: {}, text: 'one' };
const OTHER: SigningKey = { jwk: {}, text: 'other' };
const caller = new KnownCaller({ key: 'k', tenant: 't', scopes: [], models: [], quotas: UNLIMITED });

/** The text of a token, whose last 43 characters are those of `name`. */
const textOf = (name: string | number) => `header.claims.${String(name).padStart(43, '-')}`;

function token(name: string | number, size = 1, key = KEY): RecentToken {
  return new RecentToken(textOf(name), key, { caller }, 0, 1000, size);
}

describe('RecentTokens', () => {
  it('finds a token by its whole text', () => {
    const recent = new RecentTokens();
    const one = token('a');
    recent.add(one);
    expect(recent.get(textOf('a'))).toBe(one);
    expect(recent.get(`another.${textOf('a').slice(-43)}`)).toBeUndefined();
    expect(recent.get('a')).toBeUndefined();
    expect(recent.get('')).toBeUndefined();
  });

  it('keeps the 10,000 last used', () => {
    const recent = new RecentTokens();
    for (let i = 0; i < 10_000; i++) recent.add(token(i));
    recent.get(textOf(0));
    recent.add(token('another'));
    expect(recent.get(textOf(0))).toBeDefined();
    expect(recent.get(textOf(1))).toBeUndefined();
    expect(recent.get(textOf(2))).toBeDefined();
  });

  it('keeps 64 MiB', () => {
    const recent = new RecentTokens();
    for (let i = 0; i < 65; i++) recent.add(token(i, 2 ** 20));
    expect(recent.get(textOf(0))).toBeUndefined();
    expect(recent.get(textOf(1))).toBeDefined();
  });

  it.each([
    [[KEY], [0, 2, 4]],
    [[OTHER], [1, 3]],
    [[], []],
  ])('forgets all tokens but those signed by some keys', (keys, kept) => {
    const recent = new RecentTokens();
    for (let i = 0; i < 5; i++) recent.add(token(i, 1, i % 2 === 0 ? KEY : OTHER));
    recent.keepSignedBy(keys);
    expect([0, 1, 2, 3, 4].filter((i) => recent.get(textOf(i)) !== undefined)).toEqual(kept);
  });
});
