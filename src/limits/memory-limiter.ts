import { Bucket } from './bucket';
import { correctionOf } from './correction';
import type { Counter, QuotaCharge } from './counter';
import { Generations } from './generations';
import { IN_FLIGHT_RETRY_MS, Limiter } from './limiter';
import type { Unit } from './quota';
import type { Passed, Refused, Standing, Verdict } from './verdict';

/** Maximum number of counters per window and generation. */
const MAX_COUNTERS = 100_000;

/** Enforces limits in the memory of this process. It answers synchronously, and its memory is bounded. */
export class MemoryLimiter extends Limiter {
  readonly redisUp = undefined;
  readonly fallbacks = 0;
  /** Number of gateways that share the limits equally. */
  gateways = 1;

  /** Addresses are apart, because clients choose them: no number of addresses makes a key forgotten. */
  private readonly ofAddresses = new Map<number, Generations>();
  private readonly ofOthers = new Map<number, Generations>();
  private readonly inFlight = new Map<string, Bucket>();

  /**
   * @param now a monotonic clock in milliseconds.
   * @param maxCounters maximum number of counters with the same window in each of two generations.
   */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly maxCounters = MAX_COUNTERS,
  ) {
    super();
  }

  /** Number of counters in memory. */
  get size(): number {
    let sum = this.inFlight.size;
    for (const { size } of this.ofAddresses.values()) sum += size;
    for (const { size } of this.ofOthers.values()) sum += size;
    return sum;
  }

  take(charges: readonly QuotaCharge[]): Verdict {
    const now = this.now();
    const buckets: Bucket[] = [];
    const standings: Standing[] = [];
    for (const { counter, amount } of charges) {
      const bucket = this.bucketOf(counter, now);
      // A share below the amount of one request must not keep it out forever, so it fits an empty bucket.
      if (!bucket.fits(amount, this.capacityOf(counter, amount))) {
        const waitMs = this.waitMs(bucket, counter, amount);
        for (const [index, charged] of buckets.entries()) charged.refund(charges[index]!.amount);
        return this.refuse(charges, now, counter, waitMs);
      }
      bucket.charge(amount);
      buckets.push(bucket);
      standings.push(this.standingOf(bucket, counter));
    }
    return new LocalPass(charges, buckets, standings, this.inFlight, now, this);
  }

  /** Replaces `charge`, which was made at `takenAt`, with `used`. See {@link Passed.correct}. */
  correct(charge: QuotaCharge, used: number, takenAt: number): void {
    const now = this.now();
    // The bucket of the charge may have been dropped since.
    const bucket = this.bucketOf(charge.counter, now);
    const correction = correctionOf(charge, used, now - takenAt);
    if (correction < 0) bucket.refund(-correction);
    else bucket.charge(correction);
  }

  async close(): Promise<void> {
    // Nothing is taken in advance.
  }

  private capacityOf({ limit, unit }: Counter, amount = 1): number {
    if (this.gateways === 1) return limit;
    const share = limit / this.gateways;
    return Math.min(limit, Math.max(amount, unit === 'in_flight' ? Math.floor(share) : share));
  }

  private refuse(charges: readonly QuotaCharge[], now: number, by: Counter, waitMs: number): Refused {
    const standings = charges.map(({ counter, amount }) => {
      const bucket = this.bucketOf(counter, now);
      if (!bucket.fits(amount, this.capacityOf(counter, amount))) {
        const ms = this.waitMs(bucket, counter, amount);
        if (ms > waitMs) [by, waitMs] = [counter, ms];
      }
      if (counter.unit === 'in_flight' && bucket.isEmpty) this.inFlight.delete(counter.subject);
      return this.standingOf(bucket, counter);
    });
    return { passed: false, by, retryAfterMs: waitMs === Infinity ? undefined : waitMs, standings };
  }

  /** Infinity if it never fits. */
  private waitMs(bucket: Bucket, counter: Counter, amount: number): number {
    if (amount > counter.limit) return Infinity;
    if (counter.unit === 'in_flight') return IN_FLIGHT_RETRY_MS;
    const share = this.capacityOf(counter);
    const capacity = this.capacityOf(counter, amount);
    return bucket.waitMs(amount, capacity, (counter.windowMs * capacity) / share);
  }

  /** The bucket of `counter`, drained until `now`. */
  private bucketOf(counter: Counter, now: number): Bucket {
    const { kind, unit, subject, windowMs, limit } = counter;
    if (unit === 'in_flight') return this.slotsOf(subject, now);
    const windows = kind === 'address' ? this.ofAddresses : this.ofOthers;
    let generations = windows.get(windowMs);
    if (generations === undefined)
      windows.set(windowMs, (generations = new Generations(windowMs, this.maxCounters)));
    const bucket = generations.bucketOf(subject, now);
    bucket.drain(now, this.capacityOf(counter), windowMs, limit);
    return bucket;
  }

  /** Requests in flight do not drain. The bucket is dropped when they have ended. */
  private slotsOf(subject: string, now: number): Bucket {
    let slots = this.inFlight.get(subject);
    if (slots === undefined) this.inFlight.set(subject, (slots = new Bucket(now)));
    return slots;
  }

  private standingOf(bucket: Bucket, counter: Counter): Standing {
    const capacity = this.capacityOf(counter);
    const resetMs = counter.unit === 'in_flight' ? 0 : bucket.resetMs(capacity, counter.windowMs);
    return { counter, remaining: bucket.remaining(capacity), resetMs };
  }
}

/** A request that passed in this process. */
class LocalPass implements Passed {
  readonly passed = true;
  private isRefunded = false;
  private isReleased = false;
  /** The unit whose charge has been replaced. */
  private corrected: Unit | undefined;

  constructor(
    private readonly charges: readonly QuotaCharge[],
    private readonly buckets: readonly Bucket[],
    readonly standings: readonly Standing[],
    private readonly inFlight: Map<string, Bucket>,
    private readonly takenAt: number,
    private readonly limiter: MemoryLimiter,
  ) {}

  refund(): void {
    if (this.isRefunded) return;
    this.isRefunded = true;
    for (let index = 0; index < this.charges.length; index++) {
      const { counter, amount } = this.charges[index]!;
      if (counter.unit !== 'in_flight' && counter.unit !== this.corrected)
        this.buckets[index]!.refund(amount);
    }
  }

  correct(unit: Unit, amount: number): void {
    this.corrected = unit;
    for (const charge of this.charges)
      if (charge.counter.unit === unit) this.limiter.correct(charge, amount, this.takenAt);
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    for (let index = 0; index < this.charges.length; index++) {
      const { counter, amount } = this.charges[index]!;
      if (counter.unit !== 'in_flight') continue;
      const slots = this.buckets[index]!;
      slots.refund(amount);
      if (slots.isEmpty) this.inFlight.delete(counter.subject);
    }
  }
}
