/** Share of the capacity that rounding errors may add to it. */
const TOLERANCE = 1e-12;

/**
 * A token bucket that counts used units. They drain at `capacity / windowMs`, and a charge fits if the sum is at most
 * `capacity`. So exactly `capacity` units pass at one instant, and at most `capacity + capacity * elapsed / windowMs` in any
 * interval.
 *
 * Times are milliseconds. Capacity and window are arguments because a limit can change. redis/take-script.ts is the same
 * algorithm in Lua.
 */
export class Bucket {
  private used = 0;

  /** @param at now. */
  constructor(private at: number) {}

  /**
   * Drains until `now`. If the clock has gone back, draining restarts from there, so a jump never locks a client out.
   * @param most the used units are at most this many, because the limit may have been higher before.
   */
  drain(now: number, capacity: number, windowMs: number, most: number): void {
    const drained = now > this.at ? ((now - this.at) * capacity) / windowMs : 0;
    this.used = Math.max(0, Math.min(this.used, most) - drained);
    this.at = now;
  }

  /** Whether a charge of `amount` fits. */
  fits(amount: number, capacity: number): boolean {
    return this.used + amount <= capacity * (1 + TOLERANCE);
  }

  charge(amount: number): void {
    this.used += amount;
  }

  /** Takes a charge back. */
  refund(amount: number): void {
    this.used = Math.max(0, this.used - amount);
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Whole units that fit. */
  remaining(capacity: number): number {
    return Math.max(0, Math.floor(capacity * (1 + TOLERANCE) - this.used));
  }

  /** Time until a charge of `amount` fits, in whole milliseconds. `amount` is at most `capacity`. */
  waitMs(amount: number, capacity: number, windowMs: number): number {
    return timeOf(this.used + amount - capacity, capacity, windowMs);
  }

  /** Time until the bucket is empty, in whole milliseconds. */
  resetMs(capacity: number, windowMs: number): number {
    return timeOf(this.used, capacity, windowMs);
  }
}

/** Time in which `units` drain, in whole milliseconds, without what rounding errors add. */
function timeOf(units: number, capacity: number, windowMs: number): number {
  const ms = (units / capacity - TOLERANCE) * windowMs;
  return ms > 0 ? Math.ceil(ms) : 0;
}
