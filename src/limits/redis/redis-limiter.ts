import { errors } from '../../common/errors';
import type { Config } from '../../config/config';
import type { RedisConnection } from '../../redis/redis-connection';
import { correctionOf } from '../correction';
import type { Counter, QuotaCharge } from '../counter';
import { Limiter } from '../limiter';
import { MemoryLimiter } from '../memory-limiter';
import type { Unit } from '../quota';
import type { Passed, Refused, Standing, Verdict } from '../verdict';
import { type Decision, Exchange } from './exchange';
import { Leases } from './leases';

/** Interval in which Redis hears of this gateway and its requests in flight, well below the time that it waits for it. */
const RENEWAL_MS = 3000;

/** Interval in which expired leases are looked for. */
const SWEEP_MS = 500;

/**
 * Enforces limits for all gateways with the same Redis together. Leases, if there are any, may refuse up to a tenth of a
 * limit too early, but never let more through.
 *
 * While Redis is not available, each gateway enforces an equal share of each limit in memory, or refuses. A request waits 50
 * ms for Redis at most. What was charged before the failure is unknown then: at that moment, as much as one more limit
 * can pass.
 */
export class RedisLimiter extends Limiter {
  fallbacks = 0;
  private readonly local = new MemoryLimiter();
  private readonly exchange: Exchange;
  private readonly leases: Leases;
  /** Requests in flight, by id of the slot. */
  private readonly slots = new Map<string, Counter>();
  private readonly timers: readonly NodeJS.Timeout[];
  private slotsTaken = 0;

  constructor(
    private readonly redis: Pick<RedisConnection, 'isUp' | 'timeoutMs' | 'announce' | 'evaluate'>,
    private readonly settings: Pick<Config, 'limitLease' | 'limitFailure'>,
  ) {
    super();
    this.exchange = new Exchange(redis);
    this.leases = new Leases(settings.limitLease, (note) => this.exchange.tell(note));
    this.timers = [
      setInterval(() => this.renew(), RENEWAL_MS).unref(),
      setInterval(() => this.leases.sweep(performance.now()), SWEEP_MS).unref(),
    ];
    redis.announce(
      settings.limitFailure === 'local'
        ? 'each gateway enforces its share of the limits'
        : 'requests with limits are refused',
    );
  }

  get redisUp(): boolean {
    return this.redis.isUp;
  }

  take(charges: readonly QuotaCharge[]): Verdict | Promise<Verdict> {
    if (charges.length === 0) return this.local.take(charges);
    const now = performance.now();
    const standings = this.leases.use(charges, now);
    if (standings !== undefined) return new SharedPass(this.exchange, charges, standings, NO_SLOTS);
    return this.redis.isUp ? this.ask(charges, now) : this.fallBack(charges);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.leases.sweep(Infinity);
    await this.exchange.close();
  }

  private async ask(charges: readonly QuotaCharge[], now: number): Promise<Verdict> {
    const extras = charges.map(({ counter }) =>
      counter.unit === 'in_flight'
        ? `${this.exchange.gateway}:${this.slotsTaken++}`
        : this.leases.wanted(counter, now, this.exchange.gateways),
    );
    const decision = await this.exchange.ask(charges, extras);
    for (const [index, { counter }] of charges.entries())
      if (Number(extras[index]) > 0) this.leases.answer(counter, index, decision);
    if (decision === undefined) return this.fallBack(charges);
    const standings = standingsOf(charges, decision);
    return decision.refusedBy < 0
      ? new SharedPass(this.exchange, charges, standings, this.hold(charges, extras))
      : refusedBy(charges[decision.refusedBy]!, decision, standings);
  }

  /** The slots that `extras` names, which are renewed until they are released. */
  private hold(charges: readonly QuotaCharge[], extras: readonly (number | string)[]): Slots {
    const ids = extras.filter((extra) => typeof extra === 'string');
    if (ids.length === 0) return NO_SLOTS;
    for (const [index, { counter }] of charges.entries())
      if (counter.unit === 'in_flight') this.slots.set(String(extras[index]), counter);
    return { ids, all: this.slots };
  }

  private renew(): void {
    this.exchange.tell((message) => {
      for (const [id, counter] of this.slots) message.renew(counter, id);
    });
  }

  private fallBack(charges: readonly QuotaCharge[]): Verdict {
    this.fallbacks++;
    if (this.settings.limitFailure === 'closed') throw errors.limitsUnavailable();
    this.local.gateways = this.exchange.gateways;
    return this.local.take(charges);
  }
}

function standingsOf(charges: readonly QuotaCharge[], { remaining, resetMs }: Decision): readonly Standing[] {
  return charges.map(({ counter }, index) => ({
    counter,
    remaining: remaining[index]!,
    resetMs: resetMs[index]!,
  }));
}

function refusedBy({ counter }: QuotaCharge, { waitMs }: Decision, standings: readonly Standing[]): Refused {
  return { passed: false, by: counter, retryAfterMs: waitMs < 0 ? undefined : waitMs, standings };
}

/** Ids of the slots of a request, among all that this gateway holds. */
interface Slots {
  readonly ids: readonly string[];
  readonly all: Map<string, Counter>;
}

const NO_SLOTS: Slots = { ids: [], all: new Map() };

/** A request that passed with the consent of Redis. */
class SharedPass implements Passed {
  readonly passed = true;
  private isRefunded = false;
  /** The unit whose charge has been replaced. */
  private corrected: Unit | undefined;
  private readonly takenAt = performance.now();

  constructor(
    private readonly exchange: Exchange,
    private readonly charges: readonly QuotaCharge[],
    readonly standings: readonly Standing[],
    private readonly slots: Slots,
  ) {}

  refund(): void {
    if (this.isRefunded) return;
    this.isRefunded = true;
    this.exchange.tell((message) => {
      for (const charge of this.charges) {
        const { unit } = charge.counter;
        if (unit !== 'in_flight' && unit !== this.corrected) message.refund(charge);
      }
    });
  }

  correct(unit: Unit, amount: number): void {
    this.corrected = unit;
    for (const charge of this.charges) {
      const { counter } = charge;
      if (counter.unit !== unit) continue;
      const refunded = -correctionOf(charge, amount, performance.now() - this.takenAt);
      if (refunded !== 0) this.exchange.tell((message) => message.refund({ counter, amount: refunded }));
    }
  }

  release(): void {
    for (const id of this.slots.ids) {
      const counter = this.slots.all.get(id);
      if (counter === undefined) continue;
      this.slots.all.delete(id);
      this.exchange.tell((message) => message.release(counter, id));
    }
  }
}
