const BUCKET_MS = 1000;
const BUCKETS = 10;

/** Weight of the newest latency in the moving average. */
const NEWEST = 0.1;

/** How requests to one target ended lately. */
export class OutlierRecord {
  /** Failures since the last success. */
  consecutiveFailures = 0;
  /** Exponentially weighted moving average of the latency, in milliseconds. */
  latencyMs = 0;
  /** Number of latencies in {@link latencyMs}. */
  latencies = 0;
  private readonly successes = new Uint32Array(BUCKETS);
  private readonly failures = new Uint32Array(BUCKETS);
  private current = -Infinity;

  /** Adds the latency of a response, in milliseconds. */
  addLatency(ms: number): void {
    this.latencies++;
    // A plain average at first, so that the first latency does not weigh more than the others.
    this.latencyMs += (ms - this.latencyMs) * Math.max(NEWEST, 1 / this.latencies);
  }

  /** Adds a request that has ended. @param now in milliseconds. */
  add(isSuccess: boolean, now: number): void {
    const place = this.advance(now);
    if (isSuccess) this.successes[place]!++;
    else this.failures[place]!++;
    this.consecutiveFailures = isSuccess ? 0 : this.consecutiveFailures + 1;
  }

  /** Requests of the last 10 s, and the part of them that succeeded. */
  recent(now: number): { readonly requests: number; readonly successRate: number } {
    this.advance(now);
    const good = sum(this.successes);
    const requests = good + sum(this.failures);
    return { requests, successRate: requests === 0 ? 1 : good / requests };
  }

  /** Forgets everything, so that a target that returns is judged by what it does from then on. */
  reset(): void {
    this.consecutiveFailures = 0;
    this.latencyMs = 0;
    this.latencies = 0;
    this.successes.fill(0);
    this.failures.fill(0);
  }

  private advance(now: number): number {
    const bucket = Math.floor(now / BUCKET_MS);
    this.current = Math.max(this.current, bucket - BUCKETS);
    while (this.current < bucket) {
      this.current++;
      const place = placeOf(this.current);
      this.successes[place] = 0;
      this.failures[place] = 0;
    }
    return placeOf(bucket);
  }
}

function placeOf(bucket: number): number {
  return ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
