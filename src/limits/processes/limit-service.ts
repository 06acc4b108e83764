import { LRUCache } from 'lru-cache';
import { SILENCE_MS } from '../redis/take-script';

/** Maximum number of counters of addresses, and of other counters. They are separate, because clients choose addresses. */
const MAX_COUNTERS = 200_000;

/** How long a counter is kept after its window: until its leases count as used. */
const LEASED_MS = 3000;

/** Tolerance for rounding errors, as a fraction of the limit. */
const TOLERANCE = 1e-12;

/** A request: the keys and the argument of the script in Redis. */
export interface LimitRequest {
  readonly keys: readonly string[];
  /** A Message as JSON. */
  readonly message: string;
}

/** Charge of a take: number of the counter, amount, and units to lease or the id of a slot. */
type Charge = readonly [counter: number, amount: number, extra: number | string];

interface LimitMessage {
  readonly gateway: string;
  readonly leaves: boolean;
  readonly counters: readonly (readonly [limit: number, windowMs: number])[];
  readonly takes: readonly (readonly [count: number, charges: readonly Charge[]])[];
  readonly settled: readonly (readonly [counter: number, second: number, used: number, unused: number])[];
  readonly refunded: readonly (readonly [counter: number, amount: number])[];
  readonly released: readonly (readonly [counter: number, slot: string])[];
  readonly renewed: readonly (readonly [counter: number, slot: string])[];
}

/** A rate: units that drain, and units leased in `second` and the second before, which do not. */
interface Rate {
  used: number;
  at: number;
  held: number;
  before: number;
  second: number;
}

/** A counter while a message is handled. Requests in flight have a window of 0. */
interface Current {
  readonly limit: number;
  readonly windowMs: number;
  readonly rate: Rate;
  readonly slots: Map<string, number> | undefined;
}

/**
 * Enforces limits for all gateway processes on this machine, in the memory of the primary process. It implements
 * take-script.ts, with the same messages and replies.
 */
export class LimitService {
  private readonly ofAddresses = new LRUCache<string, Rate>({ max: MAX_COUNTERS });
  private readonly ofOthers = new LRUCache<string, Rate>({ max: MAX_COUNTERS });
  /** Requests in flight by key: the time at which each expires, by id. */
  private readonly inFlight = new Map<string, Map<string, number>>();
  /** Ids that the processes use in messages. */
  private readonly gateways = new Map<object, string>();

  /** @param now a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Makes the charges of a message, and returns the reply of the script. */
  handle(request: unknown, process: object): unknown {
    const { keys, message } = request as LimitRequest;
    const call = JSON.parse(message) as LimitMessage;
    if (call.leaves) this.gateways.delete(process);
    else this.gateways.set(process, call.gateway);
    const now = this.now();
    const reply = new Call(call, now, (index) =>
      this.counter(keys[index - 1]!, call.counters[index - 2]!, now),
    ).reply(Math.max(1, this.gateways.size));
    // Otherwise every address that ever sent a request would stay.
    for (const key of keys) if (this.inFlight.get(key)?.size === 0) this.inFlight.delete(key);
    return reply;
  }

  /** Number of counters in memory. */
  get size(): number {
    return this.ofAddresses.size + this.ofOthers.size + this.inFlight.size;
  }

  /** Releases the requests in flight of a process that has ended. */
  processEnded(process: object): void {
    const gateway = this.gateways.get(process);
    this.gateways.delete(process);
    if (gateway === undefined) return;
    for (const [key, slots] of this.inFlight) {
      for (const id of slots.keys()) if (id.startsWith(`${gateway}:`)) slots.delete(id);
      if (slots.size === 0) this.inFlight.delete(key);
    }
  }

  private counter(key: string, [limit, windowMs]: readonly [number, number], now: number): Current {
    if (windowMs === 0) return { limit, windowMs, rate: emptyRate(now), slots: this.slotsOf(key, now) };
    const rates = key.includes(':address:') ? this.ofAddresses : this.ofOthers;
    const rate = rates.get(key) ?? emptyRate(now);
    rates.set(key, rate, { ttl: windowMs + LEASED_MS });
    const drained = ((now - rate.at) * limit) / windowMs;
    rate.used = Math.max(0, Math.min(rate.used, limit) - drained);
    rate.at = now;
    age(rate, secondOf(now));
    return { limit, windowMs, rate, slots: undefined };
  }

  private slotsOf(key: string, now: number): Map<string, number> {
    let slots = this.inFlight.get(key);
    if (slots === undefined) this.inFlight.set(key, (slots = new Map<string, number>()));
    for (const [id, until] of slots) if (until <= now) slots.delete(id);
    return slots;
  }
}

/** One message. */
class Call {
  private readonly counters = new Map<number, Current>();

  constructor(
    private readonly message: LimitMessage,
    private readonly now: number,
    private readonly find: (index: number) => Current,
  ) {}

  reply(gateways: number): unknown[] {
    const { renewed, released, settled, refunded, takes } = this.message;
    for (const [index, slot] of renewed) this.counter(index).slots?.set(slot, this.now + SILENCE_MS);
    for (const [index, slot] of released) this.counter(index).slots?.delete(slot);
    for (const [index, second, used, unused] of settled)
      this.settle(this.counter(index).rate, second, used, unused);
    for (const [index, amount] of refunded) {
      const { rate } = this.counter(index);
      rate.used = Math.max(0, rate.used - amount);
    }
    return [secondOf(this.now), gateways, ...takes.map(([count, charges]) => this.decide(count, charges))];
  }

  private counter(index: number): Current {
    let counter = this.counters.get(index);
    if (counter === undefined) this.counters.set(index, (counter = this.find(index)));
    return counter;
  }

  private settle(rate: Rate, leased: number, used: number, unused: number): void {
    const second = secondOf(this.now);
    if (leased === second) rate.held = Math.max(0, rate.held - used - unused);
    else if (leased === second - 1) rate.before = Math.max(0, rate.before - used - unused);
    else {
      rate.used = Math.max(0, rate.used - unused);
      return;
    }
    rate.used += used;
  }

  private decide(count: number, charges: readonly Charge[]): number[] {
    let passes = 0;
    let refused = 0;
    while (passes < count && refused === 0) {
      refused = this.charge(charges);
      if (refused === 0) passes++;
    }
    let wait = 0;
    if (refused > 0) {
      wait = this.wait(charges[refused - 1]!);
      for (const [position, charge] of charges.entries()) {
        if (this.fits(charge) || this.wait(charge) <= wait) continue;
        [refused, wait] = [position + 1, this.wait(charge)];
      }
    }
    const standings = charges.flatMap((charge) => this.standing(charge, passes > 0));
    return [passes, refused, wait === Infinity ? -1 : wait, ...standings];
  }

  /** The number of the charge that does not fit, after which none is made; 0 if all have been made. */
  private charge(charges: readonly Charge[]): number {
    for (const [position, charge] of charges.entries()) {
      if (!this.fits(charge)) {
        for (const [index, amount, extra] of charges.slice(0, position)) {
          const { rate, slots } = this.counter(index);
          if (slots === undefined) rate.used -= amount;
          else slots.delete(String(extra));
        }
        return position + 1;
      }
      const [index, amount, extra] = charge;
      const { rate, slots } = this.counter(index);
      if (slots === undefined) rate.used += amount;
      else slots.set(String(extra), this.now + SILENCE_MS);
    }
    return 0;
  }

  private standing([index, , extra]: Charge, passes: boolean): number[] {
    const counter = this.counter(index);
    const { rate, slots } = counter;
    let leased = 0;
    if (passes && slots === undefined) {
      leased = Math.min(Number(extra), remaining(counter));
      rate.held += leased;
    }
    return [remaining(counter), slots === undefined ? drainMs(counter, total(counter)) : 0, leased];
  }

  private fits([index, amount]: Charge): boolean {
    const counter = this.counter(index);
    return total(counter) + amount <= counter.limit * (1 + TOLERANCE);
  }

  /** Time until the charge fits, in milliseconds; Infinity if it never does. */
  private wait([index, amount]: Charge): number {
    const counter = this.counter(index);
    if (amount > counter.limit) return Infinity;
    return counter.slots === undefined ? drainMs(counter, total(counter) + amount - counter.limit) : 1000;
  }
}

/** Moves leases that are older than a second to the units that drain. */
function age(rate: Rate, second: number): void {
  const seconds = second - rate.second;
  if (seconds === 1) {
    rate.used += rate.before;
    rate.before = rate.held;
    rate.held = 0;
  } else if (seconds > 1) {
    rate.used += rate.before + rate.held;
    rate.before = rate.held = 0;
  }
  rate.second = second;
}

function total({ rate, slots }: Current): number {
  return slots === undefined ? rate.used + rate.held + rate.before : slots.size;
}

function remaining(counter: Current): number {
  return Math.max(0, Math.floor(counter.limit * (1 + TOLERANCE) - total(counter)));
}

/** Time in which `units` drain, without what rounding errors add. */
function drainMs({ limit, windowMs }: Current, units: number): number {
  return Math.max(0, Math.ceil((units / limit - TOLERANCE) * windowMs));
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}

function emptyRate(now: number): Rate {
  return { used: 0, at: now, held: 0, before: 0, second: secondOf(now) };
}
