import { Distribution } from './distribution';

/** The counters of one target of a model version. */
export class TargetCount {
  readonly outcomes = new Map<string, number>();
  readonly retries = new Map<string, number>();
  ejections = 0;
  readonly duration: Distribution;

  /** @param bounds of the durations, in seconds. */
  constructor(bounds: readonly number[]) {
    this.duration = new Distribution(bounds);
  }

  /** Counts an attempt that ended with `outcome` after `ms` milliseconds. */
  attempted(outcome: string, ms: number): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.duration.observe(ms / 1000);
  }

  /** Counts an attempt that another attempt of the same request caused. */
  retried(why: 'retry' | 'hedge'): void {
    this.retries.set(why, (this.retries.get(why) ?? 0) + 1);
  }
}

/** The counters of all targets of a model version; empty if no other server runs it. */
export class TargetCounts {
  readonly all = new Map<string, TargetCount>();
  /** Retries that the budget did not allow at once. */
  budgetExhausted = 0;
  /** Time of requests in the gateway, beyond that of the target. */
  readonly overhead: Distribution;

  /** @param bounds of durations, in seconds. */
  constructor(private readonly bounds: readonly number[]) {
    this.overhead = new Distribution(bounds);
  }

  /** The counters of the target with this id. */
  of(id: string): TargetCount {
    let count = this.all.get(id);
    if (count === undefined) this.all.set(id, (count = new TargetCount(this.bounds)));
    return count;
  }
}
