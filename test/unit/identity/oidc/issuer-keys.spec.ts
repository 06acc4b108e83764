import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { TokenVerifier } from '../../../../src/identity/oidc/token-verifier';
import { tearDown } from '../../../e2e/support/tear-down';
import { type Issuer, issuerKey, type IssuerMode } from '../../../fixtures/issuer';
import { outcomeOf, startIssuer, verifierOf } from './support';
import { TestClock } from './test-clock';

const ALICE = 'default/oidc:alice';
const UNKNOWN = 'refused: the token is signed with a key that the issuer does not have';
const UNREACHABLE = 'unavailable: the issuer of the token cannot be reached';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('keys of the issuer', () => {
  let issuer: Issuer;
  let clock: TestClock;
  let verifier: TokenVerifier | undefined;
  let warn: jest.SpyInstance;
  let log: jest.SpyInstance;

  beforeEach(async () => {
    issuer = await startIssuer();
    clock = new TestClock();
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await tearDown(verifier, issuer);
    verifier = undefined;
  });

  const open = async (settings = {}) => (verifier = await verifierOf(issuer, settings, clock));
  const outcome = (token: string) => outcomeOf(verifier!, token);
  /** A token signed with a key that nobody has published. */
  const invented = () => issuer.sign({}, {}, issuerKey('EdDSA'));
  const warnings = () => warn.mock.calls.map(([text]) => String(text));

  it('are found by discovery, or at the URL that is set', async () => {
    await open();
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(issuer.discoveries).toBe(1);
    verifier!.close();
    await open({ oidcJwksUri: `${issuer.url}/keys` });
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(issuer.discoveries).toBe(1);
  });

  it('are fetched once, whatever number of tokens asks for them', async () => {
    await open();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcome(issuer.sign())));
    expect(new Set(outcomes)).toEqual(new Set([ALICE]));
    expect(issuer.keyRequests).toBe(1);
  });

  it('are fetched at most six times a minute for invented key ids', async () => {
    await open();
    expect(await outcome(issuer.sign())).toBe(ALICE);
    const before = issuer.keyRequests;
    for (let second = 0; second < 60; second++) {
      clock.pass(1000);
      const outcomes = await Promise.all([outcome(invented()), outcome(invented()), outcome(invented())]);
      expect(outcomes).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
    }
    expect(issuer.keyRequests - before).toBe(6);
    expect(verifier).toMatchObject({ fetches: 7, failures: 0 });
    expect(await outcome(issuer.sign({ jti: 'new' }))).toBe(ALICE);
  });

  it('follow a rotation by the first token with the new key, and forget tokens with the old one', async () => {
    await open();
    const old = issuer.sign();
    expect(await outcome(old)).toBe(ALICE);
    const stays = issuerKey();
    issuer.keys = [...issuer.keys, stays];
    clock.pass(10_000);
    const other = issuer.sign({ sub: 'bob' }, {}, stays);
    expect(await outcome(other)).toBe('default/oidc:bob');
    expect(verifier!.verify(old)).toMatchObject({ caller: { id: ALICE } });
    const known = await verifier!.verify(other);
    issuer.keys = [issuerKey(), stays];
    clock.pass(10_000);
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(await outcome(old)).toBe(UNKNOWN);
    expect(verifier!.verify(other)).toBe(known);
  });

  it('are fetched again in the background', async () => {
    await open();
    const old = issuer.sign();
    expect(await outcome(old)).toBe(ALICE);
    issuer.rotate();
    clock.pass(6 * MINUTE);
    // Waits for the fetch that the timer began.
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(await outcome(old)).toBe(UNKNOWN);
    expect(issuer.keyRequests).toBe(2);
  });

  it.each<[IssuerMode, RegExp]>([
    ['error', /returned status 500; expected 200/],
    ['redirect', /returned status 302; expected 200/],
    ['not-json', /returned no JSON/],
    ['wrong-issuer', /its discovery document names the issuer "http:.*, not this one/],
    ['huge', /returned more than 1048576 bytes/],
  ])('are not there while the issuer answers with %s, and then they are', async (mode, reason) => {
    issuer.mode = mode;
    await open();
    expect(await outcome(issuer.sign())).toBe(UNREACHABLE);
    // At once, without another fetch.
    expect(verifier!.verify(issuer.sign())).toMatchObject({ refusal: { unavailable: true } });
    expect(verifier).toMatchObject({ fetches: 1, failures: 1 });
    issuer.mode = 'ok';
    clock.pass(1000);
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(warnings()).toEqual([expect.stringMatching(reason)]);
    expect(log.mock.calls).toEqual([[expect.stringContaining('is available again')]]);
    expect(issuer.written).toBeLessThan(20_000_000);
  });

  it('are not read beyond 1 MiB', async () => {
    issuer.mode = 'huge';
    await open({ oidcJwksUri: `${issuer.url}/keys` });
    expect(await outcome(issuer.sign())).toBe(UNREACHABLE);
    expect(warnings()).toEqual([expect.stringContaining('/keys returned more than 1048576 bytes')]);
  });

  it('are waited for no longer than 2 s, and fetched for no longer than 5 s', async () => {
    issuer.mode = 'hang';
    await open();
    const early = [outcome(issuer.sign()), outcome(issuer.sign())];
    clock.pass(2000);
    expect(await Promise.all(early)).toEqual([UNREACHABLE, UNREACHABLE]);
    expect(await outcome(issuer.sign())).toBe(UNREACHABLE);
    expect(verifier).toMatchObject({ fetches: 1, failures: 0 });
    const failed = new Promise((resolve) => warn.mockImplementation(resolve));
    clock.pass(3000);
    expect(await failed).toContain('no complete response within 5000 ms; tokens cannot be verified');
    issuer.mode = 'ok';
    clock.pass(1000);
    expect(await outcome(issuer.sign())).toBe(ALICE);
  });

  it('refuse more than 1000 requests that wait for them', async () => {
    issuer.mode = 'hang';
    await open();
    const outcomes = Array.from({ length: 1100 }, () => outcome(issuer.sign()));
    clock.pass(2000);
    const busy = (await Promise.all(outcomes)).filter((text) => /too many/.test(text));
    expect(busy).toHaveLength(100);
  });

  it('stay in use for a day while the issuer is down, which is logged once', async () => {
    await open();
    const token = issuer.sign({ exp: clock.wallMs() / 1000 + 1e6 });
    expect(await outcome(token)).toBe(ALICE);
    issuer.mode = 'error';
    for (let hour = 0; hour < 23; hour++) {
      clock.pass(HOUR);
      // Another key could be a new one of the issuer. This waits for the fetch.
      expect(await outcome(invented())).toBe(UNREACHABLE);
      expect(await outcome(issuer.sign({ exp: clock.wallMs() / 1000 + 60, jti: hour }))).toBe(ALICE);
    }
    expect(warnings()).toEqual([expect.stringContaining('the keys of the last fetch stay in use')]);
    clock.pass(HOUR + 1);
    expect(await outcome(invented())).toBe(UNREACHABLE);
    expect(await outcome(token)).toBe(UNREACHABLE);
    issuer.mode = 'ok';
    clock.pass(MINUTE);
    expect(await outcome(token)).toBe(ALICE);
  });

  it('are tried again with growing pauses', async () => {
    issuer.mode = 'error';
    await open();
    expect(await outcome(issuer.sign())).toBe(UNREACHABLE);
    for (let second = 0; second < 600; second++) {
      const { failures, fetches } = verifier!;
      clock.pass(1000);
      if (verifier!.fetches > fetches)
        while (verifier!.failures === failures) await new Promise(setImmediate);
    }
    expect(verifier!.fetches).toBeGreaterThanOrEqual(12);
    expect(verifier!.fetches).toBeLessThanOrEqual(30);
  });

  it('of fewer than 2048 bits are not used', async () => {
    const weak = issuerKey('weak');
    issuer.keys = [issuerKey(), weak];
    await open();
    expect(await outcome(issuer.sign())).toBe(ALICE);
    expect(await outcome(issuer.sign({}, {}, weak))).toBe(UNKNOWN);
    expect(warnings()).toEqual([expect.stringContaining('ignoring 1 RSA keys')]);
    issuer.keys = [weak];
    clock.pass(10_000);
    expect(await outcome(invented())).toBe(UNREACHABLE);
    expect(warnings()[1]).toContain('only RSA keys of fewer than 2048 bits');
  });

  it('of other kinds and broken ones are left out', async () => {
    const good = issuer.keys[0]!;
    const { jwk } = issuerKey();
    const others = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' },
      { ...jwk, use: 'enc' },
      { ...jwk, key_ops: ['sign'] },
      { ...jwk, x: 'AAAA' },
      { ...jwk, kty: 7 },
      null,
    ];
    issuer.keys = [good, ...others.map((other) => ({ ...good, jwk: other as never }))];
    await open();
    expect(await outcome(issuer.sign({}, {}, good))).toBe(ALICE);
    expect(await outcome(issuer.sign({}, { kid: jwk.kid }, good))).toBe(UNKNOWN);
  });

  it('must be named if several fit', async () => {
    issuer.keys = [issuerKey(), issuerKey()];
    await open();
    expect(await outcome(issuer.sign({}, { kid: undefined }))).toBe(UNKNOWN);
    expect(await outcome(issuer.sign())).toBe(ALICE);
  });

  it('are not fetched after close', async () => {
    await open();
    expect(await outcome(issuer.sign())).toBe(ALICE);
    verifier!.close();
    clock.pass(HOUR);
    expect(issuer.keyRequests).toBe(1);
  });
});
