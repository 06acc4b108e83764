import type { TokenAlgorithm } from '../../config/oidc';

/** Tokens of issuers have 1 to 4 KiB. */
const MAX_TOKEN_LENGTH = 16 * 1024;

const MAX_KID_LENGTH = 512;

/** Three parts in base64url, none of them empty (RFC 7515 section 3.1). A JWE has five, and `alg: none` an empty third. */
const COMPACT = /^([\w-]+)\.[\w-]+\.([\w-]+)$/;

/**
 * Types of tokens that are no access tokens, such as `logout+jwt` and `dpop+jwt`, are refused (RFC 8725 section 3.11).
 * Most issuers give access tokens the type `JWT` or none, so `at+jwt` (RFC 9068) is not required.
 */
const TYPES = /^(application\/)?(jwt|at\+jwt)$/i;

/** What the header of a token says about its signature. Nothing in it is proven yet. */
export interface TokenHeader {
  readonly algorithm: TokenAlgorithm;
  /** Id of the key. */
  readonly kid: string | undefined;
}

/**
 * The header of `token`, or why the token is refused whatever its signature. Keys that a header contains or links to (`jwk`,
 * `jku`, `x5c`, `x5u`) are ignored: only the issuer's keys count.
 * @param allowed algorithms that tokens may have.
 */
export function readHeader(token: string, allowed: ReadonlySet<string>): TokenHeader | string {
  if (token.length > MAX_TOKEN_LENGTH) return 'the token is longer than 16 KiB';
  const [, encoded, signature] = COMPACT.exec(token) ?? [];
  if (encoded === undefined || signature === undefined) return 'the token is not a signed JWT';
  // Otherwise several texts would be the same token, because the last character of a signature has unused bits.
  if (!isCanonical(signature)) return 'the signature of the token is not valid base64url';
  const header = objectIn(encoded);
  if (header === undefined) return 'the header of the token is not a JSON object';
  const { alg, kid, typ, crit } = header;
  if (typeof alg !== 'string' || !allowed.has(alg)) return 'the algorithm of the token is not allowed';
  // RFC 7515 section 4.1.11: a token with an extension that is not understood must be refused.
  if (crit !== undefined) return 'the token has critical extensions (crit), of which none is supported';
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH))
    return 'the key id (kid) of the token is not a short text';
  if (typ !== undefined && (typeof typ !== 'string' || !TYPES.test(typ)))
    return 'the type (typ) of the token is not that of an access token';
  return { algorithm: alg as TokenAlgorithm, kid };
}

function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

function objectIn(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Not JSON.
  }
  return undefined;
}
