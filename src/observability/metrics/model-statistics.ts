import type { RunTimes, RequestTimes } from '../../common/run-times';

/** A count and the total duration in milliseconds. */
export class Durations {
  count = 0;
  ms = 0;

  add(ms: number): void {
    this.count += 1;
    this.ms += ms;
  }
}

/** Durations of the runs of one batch size. */
export class BatchStatistics {
  readonly input = new Durations();
  readonly infer = new Durations();
  readonly output = new Durations();
}

/** What the statistics extension reports for a model version: totals since it was first loaded, as in Triton. */
export class ModelStatistics {
  /** Milliseconds since 1970 at the end of the last run, 0 if there was none. */
  lastInference = 0;
  readonly success = new Durations();
  readonly fail = new Durations();
  /** Of successful requests. Each counts the full duration of the runs that it shared. */
  readonly queue = new Durations();
  readonly input = new Durations();
  readonly infer = new Durations();
  readonly output = new Durations();
  /** Of successful requests to models with a cache: the time spent in the cache. */
  readonly cacheHit = new Durations();
  readonly cacheMiss = new Durations();
  /** By rows of the run. */
  readonly batches = new Map<number, BatchStatistics>();

  /** Counts a completed request. */
  request(succeeded: boolean, times: RequestTimes): void {
    if (!succeeded) return this.fail.add(times.totalMs);
    this.success.add(times.totalMs);
    this.queue.add(times.queueMs ?? 0);
    if (times.cache?.outcome === 'hit') return this.cacheHit.add(times.cache.ms);
    if (times.cache?.outcome === 'miss') this.cacheMiss.add(times.cache.ms);
    this.input.add(times.inputMs ?? 0);
    this.infer.add(times.runMs ?? 0);
    this.output.add(times.outputMs ?? 0);
  }

  /** Counts a successful run of `rows` rows. */
  executed(rows: number, { inputMs, runMs, outputMs }: RunTimes): void {
    let batch = this.batches.get(rows);
    if (batch === undefined) this.batches.set(rows, (batch = new BatchStatistics()));
    batch.input.add(inputMs);
    batch.infer.add(runMs);
    batch.output.add(outputMs);
    this.lastInference = Date.now();
  }
}
