import type { ThrottlerStorage } from '@nestjs/throttler';

type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface Window {
  hits: number;
  readonly endsAt: number;
}

/** Maximum number of clients per generation, so at most twice this many in total. Beyond that, the oldest start again. */
const MAX_CALLERS = 100_000;

/**
 * Counts requests in memory, in fixed windows that start with the first request of a client. A hit is a map lookup,
 * without timers or lists of hits. Windows are kept in two generations. The older one is dropped as a whole when all of
 * its windows have ended, so expired windows are never searched for.
 */
export class WindowStorage implements ThrottlerStorage {
  private young = new Map<string, Window>();
  private old = new Map<string, Window>();
  private rotatesAt = 0;

  /** @param now a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Same as {@link hit}, for code that uses the library's interface. */
  increment(key: string, ttl: number, limit: number): Promise<Hit> {
    return Promise.resolve(this.hit(key, ttl, limit));
  }

  /** Counts a request of `key` in its window of `ttl` milliseconds. It is blocked if it exceeds `limit`. */
  hit(key: string, ttl: number, limit: number): Hit {
    const now = this.now();
    if (now >= this.rotatesAt || this.young.size >= MAX_CALLERS) this.rotate(now + ttl);
    const window = this.windowOf(key, now, ttl);
    window.hits += 1;
    const isBlocked = window.hits > limit;
    // Rounding can make the difference slightly larger than `ttl`.
    const timeToExpire = Math.ceil(Math.min(window.endsAt - now, ttl) / 1000);
    return {
      totalHits: window.hits,
      timeToExpire,
      isBlocked,
      timeToBlockExpire: isBlocked ? timeToExpire : 0,
    };
  }

  private windowOf(key: string, now: number, ttl: number): Window {
    const known = this.young.get(key) ?? this.old.get(key);
    if (known !== undefined && known.endsAt > now) return known;
    const window = { hits: 0, endsAt: now + ttl };
    this.young.set(key, window);
    return window;
  }

  private rotate(nextAt: number): void {
    this.old = this.young;
    this.young = new Map();
    this.rotatesAt = nextAt;
  }
}
