/** Latencies that are kept. */
const RECENT = 256;

/** Latencies below which there is no estimate. */
const LEAST = 20;

/** New latencies after which the estimate is computed again. */
const STALE_AFTER = 16;

/** The latency that 95 of 100 recent requests stay below. */
export class LatencyQuantile {
  private readonly recent = new Float64Array(RECENT);
  private count = 0;
  private estimate = Infinity;
  private estimatedAt = 0;

  /** Adds the latency of a request, in milliseconds. */
  add(ms: number): void {
    this.recent[this.count++ % RECENT] = ms;
  }

  /** The estimate in milliseconds; infinite before 20 requests. It may miss the last 15 requests. */
  get p95(): number {
    if (this.count < LEAST) return Infinity;
    if (this.estimatedAt === 0 || this.count - this.estimatedAt >= STALE_AFTER) {
      const sorted = this.recent.subarray(0, Math.min(this.count, RECENT)).toSorted();
      this.estimate = sorted[Math.ceil(sorted.length * 0.95) - 1]!;
      this.estimatedAt = this.count;
    }
    return this.estimate;
  }
}
