import fc from 'fast-check';
import { hashOf, idOf, newApiKey } from '../../../src/identity/keys/api-key';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');
const ids = fc.string({
  unit: fc.constantFrom(...ALPHABET, '-'),
  minLength: 1,
  maxLength: 64,
});

describe('API keys', () => {
  it('have the documented form, and contain their id', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const key = newApiKey(id);
        expect(key).toMatch(/^nxs_[A-Za-z0-9-]{1,64}_[A-Za-z0-9]{43}_[A-Za-z0-9]{6}$/);
        expect(idOf(key)).toBe(id);
      }),
    );
  });

  it('are rejected with any character changed', () => {
    const unit = fc.oneof(
      fc.constantFrom(...ALPHABET, '-', '_'),
      fc.string({ unit: 'grapheme', minLength: 1 }),
    );
    fc.assert(
      fc.property(ids, fc.nat(), unit, (id, at, character) => {
        const key = newApiKey(id);
        const index = at % key.length;
        fc.pre(key[index] !== character);
        expect(idOf(key.slice(0, index) + character + key.slice(index + 1))).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('are rejected when truncated, extended or with two characters swapped', () => {
    fc.assert(
      fc.property(ids, fc.nat(), (id, at) => {
        const key = newApiKey(id);
        const index = at % (key.length - 1);
        expect(idOf(key.slice(0, index))).toBeUndefined();
        expect(idOf(`${key}${key[index]}`)).toBeUndefined();
        const [one, other] = [key[index]!, key[index + 1]!];
        const swapped = key.slice(0, index) + other + one + key.slice(index + 2);
        expect(idOf(swapped)).toBe(one === other ? id : undefined);
      }),
    );
  });

  it('reject any other text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(idOf(text)).toBeUndefined()));
  });

  it('use every digit at every place of the secret', () => {
    const secrets = Array.from({ length: 2000 }, () =>
      newApiKey('a').slice('nxs_a_'.length, -'_123456'.length),
    );
    for (let place = 0; place < 43; place += 1)
      expect(new Set(secrets.map((secret) => secret[place])).size).toBe(ALPHABET.length);
  });

  it('hash as sha256sum does', () => {
    expect(hashOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
