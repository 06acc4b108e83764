import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { Config } from '../../../../src/config/config';
import { TokenVerifier } from '../../../../src/identity/oidc/token-verifier';
import { type Issuer, issuerKey, signed, signedWithSecret } from '../../../fixtures/issuer';
import { tearDown } from '../../../e2e/support/tear-down';
import { outcomeOf, startIssuer, verifierOf } from './support';
import { START, TestClock } from './test-clock';

const ALICE = 'default/oidc:alice';
const NOW = START / 1000;

describe('TokenVerifier', () => {
  let issuer: Issuer;
  let verifier: TokenVerifier;
  let clock: TestClock;

  beforeAll(async () => {
    issuer = await startIssuer();
  });

  beforeEach(async () => {
    clock = new TestClock();
    verifier = await verifierOf(issuer, {}, clock);
  });

  afterEach(() => verifier.close());
  afterAll(() => tearDown(issuer));

  const outcome = (token: string) => outcomeOf(verifier, token);

  it('is not there without an issuer', async () => {
    expect(await TokenVerifier.open(new Config())).toBeUndefined();
  });

  it('accepts a token, the second time at once and with the same object', async () => {
    const token = issuer.sign();
    const first = await verifier.verify(token);
    expect(first.caller).toMatchObject({ id: ALICE, tenant: 'default', key: 'oidc:alice', seesAll: true });
    expect(verifier.verify(`${token.slice(0, 10)}${token.slice(10)}`)).toBe(first);
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('accepts %s', async (alg) => {
    const other = await startIssuer(issuerKey(alg));
    const its = await verifierOf(other);
    expect(await outcomeOf(its, other.sign())).toBe(ALICE);
    expect(await outcomeOf(its, other.sign({}, { kid: undefined }))).toBe(ALICE);
    await tearDown(its, other);
  });

  it.each([
    ['one of several audiences', { aud: ['other', 'nexus'] }, {}],
    ['the type of RFC 9068', {}, { typ: 'at+jwt' }],
    ['its long form', {}, { typ: 'application/at+jwt' }],
    ['no type', {}, { typ: undefined }],
    ['no times but exp', { iat: undefined }, {}],
    ['a client clock that is ahead by less than the skew', { nbf: NOW + 30, iat: NOW + 30 }, {}],
    ['an end that is over for less than the skew', { exp: NOW - 30 }, {}],
    [
      'keys in its header, which are ignored',
      {},
      { jku: 'https://127.0.0.1:1/', x5u: 'https://127.0.0.1:1/', jwk: issuerKey().jwk },
    ],
  ])('accepts %s', async (_what, claims, header) => {
    expect(await outcome(issuer.sign(claims, header))).toBe(ALICE);
  });

  it.each([
    ['another issuer', { iss: 'https://other.example' }, 'the token is from another issuer'],
    ['no issuer', { iss: undefined }, 'the token has no claim iss'],
    ['another audience', { aud: 'other' }, 'the token is for another audience'],
    ['an audience that only begins so', { aud: 'nexus-2' }, 'the token is for another audience'],
    ['audiences within one text', { aud: 'other nexus' }, 'the token is for another audience'],
    ['no audience', { aud: undefined }, 'the token has no claim aud'],
    ['an end that is over', { exp: NOW - 61 }, 'the token has expired'],
    ['no end', { exp: undefined }, 'the token has no claim exp'],
    ['an end as text', { exp: '9999999999' }, 'the token has a time (exp, nbf, iat) that is not a number'],
    ['an end of null', { exp: null }, 'the token has a time (exp, nbf, iat) that is not a number'],
    ['a later beginning', { nbf: NOW + 90 }, 'the token is not valid yet'],
    ['an issue in the future', { iat: NOW + 90 }, 'the token was issued in the future'],
    ['a key of its client', { cnf: { jkt: 'x' } }, 'the token is bound to a key of its client (cnf)'],
  ])('refuses %s', async (_what, claims, reason) => {
    expect(await outcome(issuer.sign(claims))).toBe(`refused: ${reason}`);
  });

  it('refuses an issuer with a slash more', async () => {
    expect(await outcome(issuer.sign({ iss: `${issuer.url}/` }))).toBe(
      'refused: the token is from another issuer',
    );
  });

  it.each([
    ['a critical extension', { crit: ['exp'] }, /crit/],
    ['an unencoded payload', { b64: false, crit: ['b64'] }, /crit/],
    ['the type of another token', { typ: 'logout+jwt' }, /typ/],
    ['a type that is no text', { typ: 1 }, /typ/],
    ['a key id that is no text', { kid: { $ne: '' } }, /kid/],
    ['a key id that is very long', { kid: 'k'.repeat(1000) }, /kid/],
    ['an algorithm that is not allowed', { alg: 'ES512' }, /algorithm/],
    ['an algorithm that is a list', { alg: ['ES256'] }, /algorithm/],
    ['no algorithm', { alg: undefined }, /algorithm/],
    ['the name of a property of objects', { alg: 'constructor' }, /algorithm/],
  ])('refuses a header with %s at once', async (_what, header, reason) => {
    expect(verifier.verify(issuer.sign({}, header))).toMatchObject({
      refusal: { reason: expect.stringMatching(reason) },
    });
  });

  it('refuses the algorithm none, with and without a signature', async () => {
    const [, claims, signature] = issuer.sign().split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      expect(await outcome(`${header}.${claims}.`)).toBe('refused: the token is not a signed JWT');
      expect(await outcome(`${header}.${claims}.${signature}`)).toBe(
        'refused: the algorithm of the token is not allowed',
      );
    }
  });

  it('refuses HS256 with the public key as the secret', async () => {
    const other = await startIssuer(issuerKey('RS256'));
    const its = await verifierOf(other);
    expect(await outcomeOf(its, other.sign())).toBe(ALICE);
    const [, claims] = other.sign().split('.');
    const { jwk, privateKey } = other.keys[0]!;
    const pem = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' });
    for (const secret of [JSON.stringify(jwk), jwk.n!, Buffer.from(jwk.n!, 'base64url'), pem]) {
      const header = JSON.stringify({ alg: 'HS256', kid: jwk.kid });
      const token = signedWithSecret(header, Buffer.from(claims!, 'base64url').toString(), secret);
      expect(await outcomeOf(its, token)).toBe('refused: the algorithm of the token is not allowed');
    }
    await tearDown(its, other);
  });

  it('refuses a key of another type than the algorithm', async () => {
    // The key itself says nothing about its algorithm.
    const key = issuerKey('RS256');
    const other = await startIssuer({ ...key, jwk: { ...key.jwk, alg: undefined } });
    const its = await verifierOf(other);
    expect(await outcomeOf(its, other.sign())).toBe(ALICE);
    expect(await outcomeOf(its, other.sign({}, { alg: 'ES256' }))).toMatch(/^refused: .* key/);
    await tearDown(its, other);
  });

  it('refuses signatures by keys that the issuer does not have, whatever the token says about them', async () => {
    const mine = issuerKey();
    const kid = issuer.keys[0]!.jwk.kid;
    expect(await outcome(issuer.sign({}, { kid, jwk: mine.jwk }, mine))).toBe(
      'refused: the signature of the token is wrong',
    );
    expect(await outcome(issuer.sign({}, {}, mine))).toBe(
      'refused: the token is signed with a key that the issuer does not have',
    );
  });

  it.each([
    ['nothing', ''],
    ['one part', 'a'],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['five parts, as in JWE', 'a.b.c.d.e'],
    ['other characters', 'a.b.c d'],
    ['padding', 'YQ==.YQ==.YQ=='],
  ])('refuses %s', (_what, token) => {
    expect(verifier.verify(token)).toEqual({
      refusal: expect.objectContaining({ reason: 'the token is not a signed JWT', unavailable: false }),
    });
  });

  it.each(['1', '[]', 'null', '"text"', '{', '{"alg":"ES256"'])('refuses the header %s', (header) => {
    expect(verifier.verify(signed(header, '{}', issuerKey()))).toEqual({
      refusal: expect.objectContaining({ reason: 'the header of the token is not a JSON object' }),
    });
  });

  it.each(['1', '[]', 'null', '"text"', '{'])('refuses the claims %s', async (claims) => {
    const key = issuer.keys[0]!;
    const header = JSON.stringify({ alg: key.alg, kid: key.jwk.kid });
    expect(await outcome(signed(header, claims, key))).toBe('refused: the token is not a valid JWT');
  });

  it('takes the last of duplicate claims, and refuses numbers beyond a double', async () => {
    const key = issuer.keys[0]!;
    const header = JSON.stringify({ alg: key.alg, kid: key.jwk.kid });
    const rest = `"iss":"${issuer.url}","aud":"nexus","sub":"alice"`;
    expect(await outcome(signed(header, `{"exp":${NOW + 60},"exp":1,${rest}}`, key))).toBe(
      'refused: the token has expired',
    );
    expect(await outcome(signed(header, `{"exp":1e400,${rest}}`, key))).toMatch(/^refused: .*not a number/);
  });

  it('refuses 16 KiB before it decodes them, and takes almost as much', async () => {
    expect(verifier.verify('a'.repeat(16_385))).toEqual({
      refusal: expect.objectContaining({ reason: 'the token is longer than 16 KiB' }),
    });
    expect(await outcome(issuer.sign({ padding: 'x'.repeat(11_000) }))).toBe(ALICE);
  });

  it('refuses another text for the same signature', async () => {
    // 64 bytes end in a character of which 4 bits count.
    const token = issuer.sign();
    const last = token.at(-1)!;
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const other = token.slice(0, -1) + letters[letters.indexOf(last) + 1];
    expect(await outcome(token)).toBe(ALICE);
    expect(verifier.verify(other)).toMatchObject({ refusal: { reason: expect.stringMatching(/base64url/) } });
  });

  it('follows the wall clock for tokens that it knows, forward and back', async () => {
    const token = issuer.sign({ exp: NOW + 100, nbf: NOW - 100 });
    expect(await outcome(token)).toBe(ALICE);
    clock.jumpedMs = 159_999;
    expect(await outcome(token)).toBe(ALICE);
    clock.jumpedMs = 160_000;
    expect(verifier.verify(token)).toEqual({
      refusal: expect.objectContaining({ reason: 'the token has expired', key: 'oidc:alice' }),
    });
    clock.jumpedMs = 0;
    expect(await outcome(token)).toBe(ALICE);
    clock.jumpedMs = -86_400_000;
    expect(await outcome(token)).toBe('refused: the token is not valid yet');
  });

  it('refuses what exceeds 1000 verifications at the same time, and goes on afterwards', async () => {
    expect(await outcome(issuer.sign())).toBe(ALICE);
    const token = issuer.sign({ jti: 'another' });
    const outcomes = await Promise.all(Array.from({ length: 1100 }, () => outcome(token)));
    expect(outcomes.filter((text) => text === ALICE)).toHaveLength(1000);
    expect(
      outcomes.filter((text) => text === 'unavailable: too many tokens are being verified'),
    ).toHaveLength(100);
    expect(await outcome(issuer.sign({ jti: 'a third' }))).toBe(ALICE);
  });
});
