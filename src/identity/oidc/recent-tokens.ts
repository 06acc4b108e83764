import { LRUCache } from 'lru-cache';
import { Refusal } from '../refusal';
import type { Verified } from '../verified';
import type { SigningKey } from './signing-keys';

/** Maximum number of tokens. */
const MAX_TOKENS = 10_000;

/** Maximum size of all tokens, in bytes of {@link RecentToken.size}. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * Number of last characters that an entry is found by: 256 bits of the signature. It costs a third of hashing the whole
 * token, which is compared afterwards.
 */
const TAIL = 43;

/** A token whose signature and claims were verified. */
export class RecentToken {
  private readonly expired: Verified;
  private readonly early: Verified;

  /**
   * @param signedBy key that verified it.
   * @param verified its client.
   * @param fromMs wall clock from which on the token is valid.
   * @param untilMs wall clock from which on it has expired.
   * @param size estimate of its memory in bytes.
   */
  constructor(
    readonly text: string,
    readonly signedBy: SigningKey,
    private readonly verified: Verified & { readonly refusal?: undefined },
    private readonly fromMs: number,
    private readonly untilMs: number,
    readonly size: number,
  ) {
    const { key } = verified.caller;
    this.expired = { refusal: new Refusal('the token has expired', key) };
    this.early = { refusal: new Refusal('the token is not valid yet', key) };
  }

  /** The client of the token at `wallMs`, which may be before or after its lifetime. */
  at(wallMs: number): Verified {
    if (wallMs >= this.untilMs) return this.expired;
    return wallMs >= this.fromMs ? this.verified : this.early;
  }
}

/** Tokens that were verified, so that each is verified once. The least recently used are evicted. */
export class RecentTokens {
  private readonly entries = new LRUCache<string, RecentToken>({
    max: MAX_TOKENS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ size }) => size,
  });

  get(text: string): RecentToken | undefined {
    const entry = this.entries.get(text.slice(-TAIL));
    return entry?.text === text ? entry : undefined;
  }

  add(entry: RecentToken): void {
    this.entries.set(entry.text.slice(-TAIL), entry);
  }

  /** Forgets the tokens that other keys than `keys` have signed. */
  keepSignedBy(keys: readonly SigningKey[]): void {
    const kept = new Set(keys);
    const gone = [...this.entries.entries()].filter(([, { signedBy }]) => !kept.has(signedBy));
    for (const [tail] of gone) this.entries.delete(tail);
  }
}
