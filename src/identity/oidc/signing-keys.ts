import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import type { TokenAlgorithm } from '../../config/oidc';
import type { TokenHeader } from './token-header';

/** Maximum number of keys of an issuer. Issuers have two to five. */
const MAX_KEYS = 100;

/** Minimum size of the modulus of RSA keys (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2048;

/** A public key of the issuer. */
export interface SigningKey {
  /** Frozen, so that jose imports it only once. */
  readonly jwk: JWK;
  /** The members that matter, as JSON: equal for equal keys. */
  readonly text: string;
}

/** The keys of an issuer that can verify tokens. */
export class SigningKeys {
  private constructor(
    readonly all: readonly SigningKey[],
    /** Number of RSA keys that are not used because they are too short. */
    readonly weak: number,
  ) {}

  /**
   * The keys in `document`, a JWK set (RFC 7517 section 5). Keys for other purposes, private and symmetric keys are left out.
   * @param before keys of the last fetch. Equal keys stay the same objects.
   * @throws Error if it is no JWK set, or has no key to use.
   */
  static of(document: Record<string, unknown>, before?: SigningKeys): SigningKeys {
    const { keys } = document;
    if (!Array.isArray(keys)) throw new Error('expected a JWK set, {"keys": [...]}');
    if (keys.length > MAX_KEYS) throw new Error(`expected at most ${MAX_KEYS} keys, got ${keys.length}`);
    const found = (keys as unknown[]).flatMap((key) => publicKey(key) ?? []);
    const strong = found.filter(({ isWeak }) => !isWeak).map(({ jwk }) => jwk);
    const weak = found.length - strong.length;
    if (strong.length === 0)
      throw new Error(
        weak === 0
          ? 'the JWK set has no public key for signatures'
          : `the JWK set has only RSA keys of fewer than ${MIN_RSA_BITS} bits`,
      );
    const known = new Map(before?.all.map((key) => [key.text, key]));
    const all = strong.map((jwk): SigningKey => {
      const text = JSON.stringify(jwk);
      return known.get(text) ?? { jwk: Object.freeze(jwk), text };
    });
    return new SigningKeys(all, weak);
  }

  has(key: SigningKey): boolean {
    return this.all.includes(key);
  }

  /** The key that a token names; if it names none, the only one that fits its algorithm. */
  find({ algorithm, kid }: TokenHeader): SigningKey | undefined {
    const found = this.all.filter(
      ({ jwk }) =>
        (kid === undefined || jwk.kid === kid) &&
        (jwk.alg === undefined || jwk.alg === algorithm) &&
        fits(jwk, algorithm),
    );
    return found.length === 1 ? found[0] : undefined;
  }
}

/** The public members of a valid key that may verify signatures; undefined for any other value. */
function publicKey(value: unknown): { jwk: JWK; isWeak: boolean } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kty, n, e, crv, x, y, kid, alg, use, key_ops } = value as JWK;
  if (use !== undefined && use !== 'sig') return undefined;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) return undefined;
  const given = Object.entries({ kty, n, e, crv, x, y, kid, alg }).filter(([, text]) => text !== undefined);
  if (!given.every(([, text]) => typeof text === 'string')) return undefined;
  const jwk = Object.fromEntries(given) as JWK;
  try {
    const { modulusLength = Infinity } =
      createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyDetails ?? {};
    return { jwk, isWeak: modulusLength < MIN_RSA_BITS };
  } catch {
    // A symmetric key, or one of a type or curve that is not supported.
    return undefined;
  }
}

const CURVES: Readonly<Partial<Record<TokenAlgorithm, string>>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
};

/** Whether a key is of the type that an algorithm needs, so that no key verifies signatures of another kind. */
function fits({ kty, crv }: JWK, algorithm: TokenAlgorithm): boolean {
  const curve = CURVES[algorithm];
  if (curve === undefined) return kty === 'RSA';
  return kty === (curve === 'Ed25519' ? 'OKP' : 'EC') && crv === curve;
}
