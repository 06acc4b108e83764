/** Limits of batches and of the queue. */
export interface SchedulerLimits {
  /** Maximum rows in a run; larger requests are split. 1 turns batching off. */
  readonly maxBatchRows: number;
  /**
   * Maximum tokens in a run of sequences, padding included, but not rows repeated to reach an allowed batch size. A longer
   * sequence runs alone. Absent if there is no limit.
   */
  readonly maxBatchTokens?: number;
  /** Allowed batch sizes, ascending; smaller batches are padded by repeating a row. Absent if any size is allowed. */
  readonly allowedBatchSizes?: readonly number[];
  /** Batch window, in microseconds: how long an idle instance waits for more requests before it runs a batch. */
  readonly maxQueueDelayUs: number;
  /** Target for the 99th percentile of latency, in milliseconds. If set, the batch window adapts to it. */
  readonly targetP99Ms?: number;
  readonly maxQueueRows: number;
  readonly maxQueueBytes: number;
  /** Maximum queued requests of a priority level; each part of a split request counts. Absent if there is no limit. */
  readonly maxQueueRequests?: (priority: number) => number;
  /** Whether requests may share a run. Default: true. */
  readonly mergesRequests?: boolean;
  /**
   * Share of shared batches to verify, by running one of their rows again, alone. The first ones are verified as well;
   * see batch-check.ts. 0 or absent turns verification off.
   */
  readonly verifyBatching?: number;
  /** Time limit of a run, in milliseconds, for the error message. */
  readonly timeoutMs: number;
}
