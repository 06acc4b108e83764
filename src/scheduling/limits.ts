/** How much may share a run and how much may wait. */
export interface SchedulerLimits {
  /** Most rows of one run; larger requests are split. 1 turns batching off. */
  readonly maxBatchRows: number;
  /** The batch sizes that are allowed, ascending; smaller batches are padded by repeating a row. Any size when absent. */
  readonly allowedBatchSizes?: readonly number[];
  /** The batch window, in microseconds: how long an idle instance holds back a batch that is not full. */
  readonly maxQueueDelayUs: number;
  /** The batch window is adapted instead, such that the 99th percentile of latency is at most so many milliseconds. */
  readonly targetP99Ms?: number;
  readonly maxQueueRows: number;
  readonly maxQueueBytes: number;
  /** Most requests of one priority level that may wait, each part of a split one counted; any number when absent. */
  readonly maxQueueRequests?: (priority: number) => number;
  /** Whether requests may share a run; true when absent. */
  readonly mergesRequests?: boolean;
  /**
   * The share of shared batches that is checked after the first ones: one of their rows is run again alone. None
   * is checked when 0 or absent.
   */
  readonly verifyBatching?: number;
  /** Time limit of one run, for the text of its error. */
  readonly timeoutMs: number;
}
