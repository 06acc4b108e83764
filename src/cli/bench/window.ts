import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The longest latency, in microseconds: an hour. Longer ones count as this. */
const LONGEST_US = 3_600_000_000;

/** Percentiles that are reported. */
export const PERCENTILES = [50, 90, 95, 99] as const;

/** Failed requests with the same status. */
export interface Failures {
  count: number;
  /** The message of one of them. */
  readonly example: string;
}

/**
 * Requests that ended in one interval. Latencies are in a high dynamic range histogram of three significant figures, whose
 * memory does not grow.
 */
export class Window {
  /** Latencies of the successful requests in microseconds. */
  readonly latencies: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });
  /** Failed requests by status, such as `429`, or by the code of the system, such as `ECONNRESET`. */
  readonly failures = new Map<string, Failures>();
  /** Duration of the interval in milliseconds; 0 until it has ended. */
  ms = 0;

  /** Counts a successful request. */
  succeeded(latencyMs: number): void {
    this.latencies.record(Math.min(LONGEST_US, Math.max(1, Math.round(latencyMs * 1000))));
  }

  /** Counts a failed request. Its latency does not count: failures are often faster than responses. */
  failed(status: string, message: string): void {
    const known = this.failures.get(status);
    if (known === undefined) this.failures.set(status, { count: 1, example: message });
    else known.count++;
  }

  get count(): number {
    return this.latencies.count;
  }

  /** Failed requests. */
  get failedCount(): number {
    return [...this.failures.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Successful requests per second. */
  get rate(): number {
    return this.ms === 0 ? 0 : this.count / (this.ms / 1000);
  }

  /** A percentile of the latencies in milliseconds; 0 without successful requests. */
  percentile(percent: number): number {
    return this.count === 0 ? 0 : this.latencies.percentile(percent) / 1000;
  }

  /** Mean of the latencies in milliseconds; 0 without successful requests. */
  get mean(): number {
    return this.count === 0 ? 0 : this.latencies.mean / 1000;
  }

  /** Adds the requests and the duration of `other`. */
  add(other: Window): this {
    if (other.count > 0) this.latencies.add(other.latencies);
    this.ms += other.ms;
    for (const [status, { count, example }] of other.failures) {
      const known = this.failures.get(status);
      if (known === undefined) this.failures.set(status, { count, example });
      else known.count += count;
    }
    return this;
  }
}
