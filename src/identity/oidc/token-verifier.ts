import { Logger } from '@nestjs/common';
import { type JWTPayload, jwtVerify } from 'jose';
import { Semaphore } from '../../common/semaphore';
import type { Config } from '../../config/config';
import { type ClaimMap, claimMapOf } from '../../config/oidc';
import { KnownCaller } from '../known-caller';
import { Refusal } from '../refusal';
import type { Verified } from '../verified';
import { IssuerKeys } from './issuer-keys';
import { type OidcClock, REAL_CLOCK } from './oidc-clock';
import { RecentToken, RecentTokens } from './recent-tokens';
import type { SigningKey } from './signing-keys';
import { grantOf } from './token-claims';
import { readHeader, type TokenHeader } from './token-header';

/** Number of signatures verified at the same time, on the threads of libuv, of which there are four. */
const PARALLEL = 4;

/** Maximum number of requests that wait for a signature, about 50 ms of work, and of those that wait for keys. */
const MAX_WAITING = 1000;

/** Memory of a client and an entry of the cache, in bytes, and that of one name of a model. */
const ENTRY_BYTES = 2048;
const MODEL_BYTES = 256;

type JoseError = Error & { readonly code?: string; readonly claim?: string; readonly reason?: string };

type Settings = Pick<
  Config,
  'oidcIssuer' | 'oidcAudience' | 'oidcJwksUri' | 'oidcAlgorithms' | 'oidcClockSkewS' | 'oidcClaims'
>;

/** Authenticates clients by the tokens (JWT, RFC 7519) of one issuer. */
export class TokenVerifier {
  private readonly recent = new RecentTokens();
  private readonly verifying = new Semaphore(PARALLEL);
  private readonly keys: IssuerKeys;
  private readonly algorithms: ReadonlySet<string>;
  private readonly claims: ClaimMap;
  private readonly logger = new Logger('Identity');
  /** Numbers of tokens whose signatures are being verified, and of those that wait for keys. */
  private signatures = 0;
  private waiting = 0;

  private constructor(
    private readonly config: Settings,
    private readonly clock: OidcClock,
  ) {
    this.algorithms = new Set(config.oidcAlgorithms);
    this.claims = claimMapOf(config.oidcClaims);
    this.keys = new IssuerKeys(config.oidcIssuer, config.oidcJwksUri, clock, (keys) =>
      this.recent.keepSignedBy(keys),
    );
  }

  /** Starts to fetch the keys of the issuer, without waiting for them. undefined if no issuer is set. */
  static async open(config: Settings, clock: OidcClock = REAL_CLOCK): Promise<TokenVerifier | undefined> {
    if (config.oidcIssuer === '') return undefined;
    const verifier = new TokenVerifier(config, clock);
    void verifier.keys.refresh();
    return verifier;
  }

  /** Number of times that the keys of the issuer were fetched. */
  get fetches(): number {
    return this.keys.fetches;
  }

  /** Number of those fetches that failed. */
  get failures(): number {
    return this.keys.failures;
  }

  /**
   * The client that `token` names, or why the token is refused. Synchronous, with the same object each time, for a token
   * verified before. A promise resolves within about 2 s and never rejects. The refusal is `unavailable` if the issuer cannot
   * be reached, or if too many tokens are being verified.
   */
  verify(token: string): Verified | Promise<Verified> {
    const known = this.recent.get(token);
    if (known !== undefined) return known.at(this.clock.wallMs());
    const header = readHeader(token, this.algorithms);
    if (typeof header === 'string') return refused(header);
    const key = this.keys.find(header);
    if (key !== undefined) return this.check(token, header, key);
    const refreshed = this.keys.refreshed();
    if (refreshed === undefined) return this.withoutKey();
    return this.waiting < MAX_WAITING ? this.checkAfter(refreshed, token, header) : BUSY;
  }

  /** Stops fetching keys. */
  close(): void {
    this.keys.close();
  }

  private async checkAfter(refreshed: Promise<void>, token: string, header: TokenHeader): Promise<Verified> {
    this.waiting++;
    await refreshed;
    this.waiting--;
    const key = this.keys.find(header);
    return key === undefined ? this.withoutKey() : this.check(token, header, key);
  }

  private withoutKey(): Verified {
    return this.keys.isDown ? UNREACHABLE : UNKNOWN_KEY;
  }

  private check(token: string, header: TokenHeader, key: SigningKey): Verified | Promise<Verified> {
    if (this.signatures >= MAX_WAITING) return BUSY;
    this.signatures++;
    return this.verifying
      .run(() => this.checkSignature(token, header, key))
      .catch((error: JoseError) => this.failed(error))
      .finally(() => this.signatures--);
  }

  private async checkSignature(token: string, header: TokenHeader, key: SigningKey): Promise<Verified> {
    const { oidcIssuer, oidcAudience, oidcClockSkewS } = this.config;
    const wallMs = this.clock.wallMs();
    const { payload } = await jwtVerify(token, key.jwk, {
      algorithms: [header.algorithm],
      issuer: oidcIssuer,
      audience: [...oidcAudience],
      requiredClaims: ['exp'],
      clockTolerance: oidcClockSkewS,
      currentDate: new Date(wallMs),
    });
    const { exp = NaN, nbf = 0, iat = 0 } = payload;
    const [fromMs, untilMs] = [(Math.max(nbf, iat) - oidcClockSkewS) * 1000, (exp + oidcClockSkewS) * 1000];
    // JSON has numbers beyond the range of a double, which become Infinity.
    if (!Number.isFinite(fromMs) || !Number.isFinite(untilMs)) return refused(NO_TIME);
    if (wallMs < fromMs) return refused('the token was issued in the future');
    // The client would have to prove that it has the key (RFC 9449, RFC 8705), or anybody could use the token.
    if (payload['cnf'] !== undefined) return refused('the token is bound to a key of its client (cnf)');
    return this.accepted(token, key, payload, fromMs, untilMs);
  }

  private failed(error: JoseError): Verified {
    // An error that no token can cause.
    if (!error.code?.startsWith('ERR_J')) this.logger.error(error);
    return refusalOf(error);
  }

  private accepted(
    token: string,
    key: SigningKey,
    payload: JWTPayload,
    fromMs: number,
    untilMs: number,
  ): Verified {
    const grant = grantOf(payload, this.claims);
    if (typeof grant === 'string') return refused(grant);
    const verified = { caller: new KnownCaller(grant) };
    const size = token.length + ENTRY_BYTES + MODEL_BYTES * grant.models.length;
    // The issuer may have withdrawn the key in the meantime.
    if (this.keys.has(key)) this.recent.add(new RecentToken(token, key, verified, fromMs, untilMs, size));
    return verified;
  }
}

const NO_TIME = 'the token has a time (exp, nbf, iat) that is not a number';

const UNREACHABLE: Verified = {
  refusal: new Refusal('the issuer of the token cannot be reached', undefined, true),
};

const BUSY: Verified = { refusal: new Refusal('too many tokens are being verified', undefined, true) };

const UNKNOWN_KEY = refused('the token is signed with a key that the issuer does not have');

function refused(reason: string): Verified {
  return { refusal: new Refusal(reason) };
}

/** Fixed texts, because those of jose may contain parts of the token. */
const REASONS: Readonly<Record<string, string>> = {
  exp: 'the token has expired',
  nbf: 'the token is not valid yet',
  iss: 'the token is from another issuer',
  aud: 'the token is for another audience',
};

/** The refusal for an error of jose, with the name of the claim if a claim is wrong. */
function refusalOf({ code, claim = '', reason }: JoseError): Verified {
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return refused('the signature of the token is wrong');
  if (reason === 'missing') return refused(`the token has no claim ${claim}`);
  if (reason === 'invalid') return refused(NO_TIME);
  return refused(REASONS[claim] ?? 'the token is not a valid JWT');
}
