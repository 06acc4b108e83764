import { Logger } from '@nestjs/common';
import { discoverKeys, fetchObject } from './issuer-document';
import type { OidcClock } from './oidc-clock';
import { type SigningKey, SigningKeys } from './signing-keys';
import type { TokenHeader } from './token-header';

/** Time between fetches while the issuer responds. A key that the issuer has withdrawn is in use for at most as long. */
const REFRESH_MS = 300_000;

/** Time to the second attempt. It doubles with each failure. */
const FIRST_RETRY_MS = 1000;

const MAX_RETRY_MS = 60_000;

/** Minimum time between a fetch and another that a token causes, so that made-up key ids cause at most six a minute. */
const COOLDOWN_MS = 10_000;

/** How long a request waits for a fetch. */
const MAX_WAIT_MS = 2000;

/** How long a fetch may take. */
const FETCH_TIMEOUT_MS = 5000;

/** How long keys are used after the last fetch that succeeded. */
const MAX_AGE_MS = 24 * 3_600_000;

/**
 * The public keys of the issuer. They are fetched at start and then regularly in the background, one fetch at a time. While
 * the issuer is down, the keys of the last fetch stay in use for a day, and fetches are retried with exponential backoff.
 */
export class IssuerKeys {
  /** Number of fetches so far. */
  fetches = 0;
  /** Number of fetches that failed. */
  failures = 0;
  private readonly logger = new Logger('Identity');
  private readonly stopping = new AbortController();
  private current: SigningKeys | undefined;
  private failuresInARow = 0;
  private isFetching = false;
  private startedAt = -Infinity;
  private fetchedAt = -Infinity;
  private soon = Promise.resolve();
  private cancelTimer = () => {};

  /**
   * @param issuer its exact URL.
   * @param jwksUri URL of its keys; if empty, that of the discovery document.
   * @param changed called with the keys after each fetch, and with none once they are too old.
   */
  constructor(
    private readonly issuer: string,
    private readonly jwksUri: string,
    private readonly clock: OidcClock,
    private readonly changed: (keys: readonly SigningKey[]) => void,
  ) {}

  /** Whether the current keys of the issuer are unknown, so that a key that is missing may exist. */
  get isDown(): boolean {
    return this.current === undefined || this.failuresInARow > 0 || this.isFetching;
  }

  /** The key that verifies tokens with this header, if it is known. */
  find(header: TokenHeader): SigningKey | undefined {
    return this.current?.find(header);
  }

  /** Whether the issuer still has `key`, as far as is known. */
  has(key: SigningKey): boolean {
    return this.current?.has(key) ?? false;
  }

  /** Resolves once the keys are fetched, or after 2 s; undefined if the last fetch was too recent for another. */
  refreshed(): Promise<void> | undefined {
    if (this.isFetching) return this.soon;
    return this.clock.steadyMs() - this.startedAt >= COOLDOWN_MS ? this.refresh() : undefined;
  }

  /** Fetches the keys, and plans the next fetch. Resolves as {@link refreshed} does, and never rejects. */
  refresh(): Promise<void> {
    this.cancelTimer();
    this.isFetching = true;
    this.startedAt = this.clock.steadyMs();
    this.fetches++;
    this.soon = new Promise((resolve) => {
      const cancel = this.clock.after(MAX_WAIT_MS, resolve);
      void this.fetched()
        .then(
          (keys) => this.succeeded(keys),
          (error: Error) => this.failed(error),
        )
        .finally(() => {
          cancel();
          resolve();
        });
    });
    return this.soon;
  }

  /** Ends the fetch in flight and plans no other. */
  close(): void {
    this.cancelTimer();
    this.stopping.abort();
  }

  private async fetched(): Promise<SigningKeys> {
    const timeout = new AbortController();
    const cancel = this.clock.after(FETCH_TIMEOUT_MS, () =>
      timeout.abort(new Error(`no complete response within ${FETCH_TIMEOUT_MS} ms`)),
    );
    const signal = AbortSignal.any([this.stopping.signal, timeout.signal]);
    try {
      const url = this.jwksUri || (await discoverKeys(this.issuer, signal));
      return SigningKeys.of(await fetchObject(url, signal), this.current);
    } finally {
      cancel();
    }
  }

  private succeeded(keys: SigningKeys): void {
    if (this.failuresInARow > 0) this.logger.log(`the token issuer ${this.issuer} is available again`);
    if (keys.weak > 0 && keys.weak !== this.current?.weak)
      this.logger.warn(
        `ignoring ${keys.weak} RSA keys of the token issuer ${this.issuer} with fewer than 2048 bits; tokens signed with them are refused`,
      );
    this.current = keys;
    this.failuresInARow = 0;
    this.fetchedAt = this.clock.steadyMs();
    this.changed(keys.all);
    this.ended(REFRESH_MS * (0.9 + 0.2 * Math.random()));
  }

  private failed(error: Error): void {
    if (this.stopping.signal.aborted) return;
    this.failures++;
    if (this.current !== undefined && this.clock.steadyMs() - this.fetchedAt >= MAX_AGE_MS) {
      this.current = undefined;
      this.changed([]);
      this.logger.warn(`the keys of the token issuer ${this.issuer} are a day old and no longer in use`);
    }
    if (++this.failuresInARow === 1)
      this.logger.warn(
        `cannot fetch the keys of the token issuer ${this.issuer}: ${reasonOf(error)}; ${
          this.current === undefined
            ? 'tokens cannot be verified until it responds'
            : 'the keys of the last fetch stay in use'
        }`,
      );
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** (this.failuresInARow - 1), MAX_RETRY_MS);
    this.ended(backoff * (0.5 + 0.5 * Math.random()));
  }

  private ended(nextMs: number): void {
    this.isFetching = false;
    if (this.stopping.signal.aborted) return;
    this.cancelTimer = this.clock.after(nextMs, () => void this.refresh());
  }
}

/** fetch wraps the errors of the network. */
function reasonOf({ message, cause }: Error): string {
  const { message: inner, code } = (cause ?? {}) as NodeJS.ErrnoException;
  return inner || code || message;
}
