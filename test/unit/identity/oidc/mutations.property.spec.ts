import 'reflect-metadata';
import fc from 'fast-check';
import type { TokenVerifier } from '../../../../src/identity/oidc/token-verifier';
import { tearDown } from '../../../e2e/support/tear-down';
import { type Issuer, issuerKey } from '../../../fixtures/issuer';
import { outcomeOf, startIssuer, verifierOf } from './support';

const CHARACTERS = 'ABab01-_.=+/ \n\0é'.split('');

/** `token` with one character replaced, inserted or removed, two swapped, or one part of it taken from `other`. */
function mutationOf(token: string, other: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: token.length - 1 });
  const character = fc.oneof(fc.constantFrom(...CHARACTERS), fc.string({ minLength: 1, maxLength: 1 }));
  return fc.oneof(
    fc.tuple(at, character).map(([i, text]) => token.slice(0, i) + text + token.slice(i + 1)),
    fc.tuple(at, character).map(([i, text]) => token.slice(0, i) + text + token.slice(i)),
    at.map((i) => token.slice(0, i) + token.slice(i + 1)),
    at.map((i) => token.slice(0, i)),
    fc.tuple(at, at).map(([i, j]) => swapped(token, i, j)),
    fc.nat({ max: 2 }).map((part) => {
      const parts = token.split('.');
      parts[part] = other.split('.')[part]!;
      return parts.join('.');
    }),
    fc.constantFrom('.', '=', ' ', '\n').map((text) => token + text),
  );
}

function swapped(token: string, i: number, j: number): string {
  const characters = token.split('');
  [characters[i], characters[j]] = [characters[j]!, characters[i]!];
  return characters.join('');
}

describe.each(['ES256', 'EdDSA', 'RS256'])('a changed token with %s', (alg) => {
  let issuer: Issuer;
  let verifier: TokenVerifier;

  beforeAll(async () => {
    issuer = await startIssuer(issuerKey(alg));
    verifier = await verifierOf(issuer);
  });

  afterAll(() => tearDown(verifier, issuer));

  it('is never accepted, nor an error', async () => {
    const token = issuer.sign();
    const other = issuer.sign({ sub: 'bob', scope: 'nexus:admin' }, { kid: 'x' }, issuerKey(alg));
    expect(await outcomeOf(verifier, token)).toBe('default/oidc:alice');
    await fc.assert(
      fc.asyncProperty(mutationOf(token, other), async (changed) => {
        fc.pre(changed !== token);
        expect(await outcomeOf(verifier, changed)).toMatch(/^refused: /);
      }),
      { numRuns: 300 },
    );
    expect(await outcomeOf(verifier, token)).toBe('default/oidc:alice');
  });
});
