import type { Counter, QuotaCharge } from '../counter';
import type { Standing } from '../verdict';
import type { Decision } from './exchange';
import type { Message } from './message';

/** How long the units of a lease may be used, in milliseconds. The script counts on at most a second. */
const LEASE_MS = 1000;

/** Maximum number of counters with a lease. */
const MAX_LEASES = 10_000;

/** All gateways together hold at most this share of a limit in advance. */
const MAX_SHARE = 0.1;

/** Units of a counter that this gateway has taken from Redis and may use on its own. */
interface Lease {
  counter: Counter;
  /** Units to lease the next time. */
  size: number;
  left: number;
  used: number;
  second: number;
  until: number;
  isAsking: boolean;
  /** Without the units left. */
  remaining: number;
  resetMs: number;
}

/**
 * Units of requests that this gateway holds in advance. It leases none for a counter used less than once a second. For
 * others the lease doubles each time that it is used up in time. Only requests are leased: a lease of rows or bytes would
 * be too small for one request, or large for the limit.
 */
export class Leases {
  private readonly leases = new Map<string, Lease>();

  /**
   * @param most maximum number of units per lease.
   * @param tell sends the end of a lease to Redis.
   */
  constructor(
    private readonly most: number,
    private readonly tell: (note: (message: Message) => void) => void,
  ) {}

  /**
   * Charges all of `charges` to leases, if all of them fit.
   * @returns the standings; undefined if Redis must be asked.
   */
  use(charges: readonly QuotaCharge[], now: number): readonly Standing[] | undefined {
    if (this.leases.size === 0) return undefined;
    for (const { counter, amount } of charges) {
      const lease = counter.unit === 'requests' ? this.leases.get(counter.subject) : undefined;
      if (lease === undefined || lease.left < amount || now >= lease.until || isOther(lease, counter))
        return undefined;
    }
    return charges.map(({ counter, amount }) => {
      const lease = this.leases.get(counter.subject)!;
      lease.left -= amount;
      lease.used += amount;
      return { counter, remaining: lease.remaining + lease.left, resetMs: lease.resetMs };
    });
  }

  /** Units of `counter` to lease with the next question, which {@link answer} must follow. */
  wanted(counter: Counter, now: number, gateways: number): number {
    if (counter.unit !== 'requests' || this.most === 0) return 0;
    const lease = this.leases.get(counter.subject);
    if (lease === undefined) {
      if (this.leases.size < MAX_LEASES) this.leases.set(counter.subject, unused(counter, now));
      return 0;
    }
    const isCurrent = now < lease.until;
    if (lease.isAsking || (isCurrent && lease.left > 0 && !isOther(lease, counter))) return 0;
    this.settle(lease);
    lease.counter = counter;
    const most = Math.min(this.most, Math.floor((counter.limit * MAX_SHARE) / gateways));
    lease.size = isCurrent ? Math.min(most, lease.size * 2 || 1) : 0;
    lease.isAsking = lease.size > 0;
    lease.until = now + LEASE_MS;
    return lease.size;
  }

  /** Takes the lease that `decision` grants to `counter`, the charge `index`, after {@link wanted} has asked for one. */
  answer(counter: Counter, index: number, decision: Decision | undefined): void {
    const lease = this.leases.get(counter.subject);
    if (lease === undefined) return;
    lease.isAsking = false;
    const left = decision?.leased[index] ?? 0;
    if (decision === undefined || left === 0) return;
    const { second, sentAt, remaining, resetMs } = decision;
    lease.left = left;
    lease.second = second;
    lease.until = sentAt + LEASE_MS;
    lease.remaining = remaining[index]!;
    lease.resetMs = resetMs[index]!;
  }

  /** Gives back what has expired at `now`. */
  sweep(now: number): void {
    for (const [subject, lease] of this.leases) {
      if (now < lease.until) continue;
      this.settle(lease);
      this.leases.delete(subject);
    }
  }

  private settle(lease: Lease): void {
    const { counter, second, used, left } = lease;
    lease.left = lease.used = 0;
    if (used + left > 0) this.tell((message) => message.settle(counter, second, used, left));
  }
}

/** Whether the limit has changed since the lease. */
function isOther({ counter }: Lease, { limit, windowMs }: Counter): boolean {
  return counter.limit !== limit || counter.windowMs !== windowMs;
}

function unused(counter: Counter, now: number): Lease {
  const until = now + LEASE_MS;
  return {
    counter,
    size: 0,
    left: 0,
    used: 0,
    second: 0,
    until,
    isAsking: false,
    remaining: 0,
    resetMs: 0,
  };
}
