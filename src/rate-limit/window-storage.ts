import type { ThrottlerStorage } from '@nestjs/throttler';

type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface Window {
  hits: number;
  readonly endsAt: number;
}

/** Callers remembered at once, at most twice this many; beyond that the oldest start again. */
const MAX_CALLERS = 100_000;

/**
 * Counts requests in memory, in fixed windows that start with a caller's first request. A hit is a look into a map:
 * no timer, no list of hits. Windows are kept in two generations, and the older one is dropped as a whole once all
 * of its windows have ended, so nothing is ever searched for what has expired.
 */
export class WindowStorage implements ThrottlerStorage {
  private young = new Map<string, Window>();
  private old = new Map<string, Window>();
  private turnsAt = 0;

  /** @param now a clock in milliseconds that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** As {@link hit}, for callers that only know the library's interface. */
  increment(key: string, ttl: number, limit: number): Promise<Hit> {
    return Promise.resolve(this.hit(key, ttl, limit));
  }

  /** Counts a request of `key` in its window of `ttl` milliseconds, blocked when it is more than the `limit`th. */
  hit(key: string, ttl: number, limit: number): Hit {
    const now = this.now();
    if (now >= this.turnsAt || this.young.size >= MAX_CALLERS) this.turn(now + ttl);
    const window = this.windowOf(key, now, ttl);
    window.hits += 1;
    const isBlocked = window.hits > limit;
    // A sum of such numbers can be larger than it should be by its last digit.
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

  private turn(nextAt: number): void {
    this.old = this.young;
    this.young = new Map();
    this.turnsAt = nextAt;
  }
}
