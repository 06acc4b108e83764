/** The algorithm of a limit in exact arithmetic: one unit is `windowMs` drops, and `limit` drops drain in a millisecond. */
export class ReferenceBucket {
  private drops = 0n;
  private at = 0;

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {}

  take(amount: number, now: number): boolean {
    this.drain(now);
    const drops = this.drops + BigInt(amount) * BigInt(this.windowMs);
    if (drops > BigInt(this.limit) * BigInt(this.windowMs)) return false;
    this.drops = drops;
    return true;
  }

  refund(amount: number): void {
    const left = this.drops - BigInt(amount) * BigInt(this.windowMs);
    this.drops = left > 0n ? left : 0n;
  }

  private drain(now: number): void {
    const left = this.drops - BigInt(Math.max(0, now - this.at)) * BigInt(this.limit);
    this.drops = left > 0n ? left : 0n;
    this.at = now;
  }
}
