import type { Counter, QuotaCharge } from '../counter';

/** Every key has the same hash tag, so that a script that decides on several of them works in a cluster. */
const PREFIX = '{nexus:limits}:1:';

/** What a gateway sends to Redis in one call. */
export class Message {
  readonly keys = [`${PREFIX}gateways`];
  private readonly indices = new Map<string, number>();
  /** Limit and window in milliseconds of each key but the first; the window is 0 for requests in flight. */
  private readonly counters: [number, number][] = [];
  private readonly takes: [number, [number, number, number | string][]][] = [];
  private readonly settled: number[][] = [];
  private readonly refunded: number[][] = [];
  private readonly released: [number, string][] = [];
  private readonly renewed: [number, string][] = [];

  /**
   * @param gateway id of the gateway.
   * @param leaves whether it ends.
   */
  constructor(
    private readonly gateway: string,
    private readonly leaves: boolean,
  ) {}

  /**
   * Asks for `count` requests with the same charges.
   * @param extras for each charge, the units to lease in addition; for requests in flight, the id of the slot. Only a single
   * request has any.
   */
  take(count: number, charges: readonly QuotaCharge[], extras: readonly (number | string)[]): void {
    this.takes.push([
      count,
      charges.map(({ counter, amount }, index) => [this.indexOf(counter), amount, extras[index]!]),
    ]);
  }

  /** Ends a lease of `second`: `used` of its units have been used, and `unused` have not. */
  settle(counter: Counter, second: number, used: number, unused: number): void {
    this.settled.push([this.indexOf(counter), second, used, unused]);
  }

  /** Gives units back, or takes them whether they fit or not, if the amount is negative. */
  refund({ counter, amount }: QuotaCharge): void {
    this.refunded.push([this.indexOf(counter), amount]);
  }

  release(counter: Counter, slot: string): void {
    this.released.push([this.indexOf(counter), slot]);
  }

  renew(counter: Counter, slot: string): void {
    this.renewed.push([this.indexOf(counter), slot]);
  }

  /** The message as JSON. Indices are those of `KEYS` in Lua, which start at 1. */
  toString(): string {
    const { gateway, leaves, counters, takes, settled, refunded, released, renewed } = this;
    return JSON.stringify({ gateway, leaves, counters, takes, settled, refunded, released, renewed });
  }

  private indexOf({ subject, limit, windowMs }: Counter): number {
    let index = this.indices.get(subject);
    if (index === undefined) {
      index = this.keys.push(PREFIX + subject);
      this.indices.set(subject, index);
      this.counters.push([limit, windowMs === Infinity ? 0 : windowMs]);
    }
    return index;
  }
}
