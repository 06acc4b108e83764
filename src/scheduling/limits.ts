/** How much may run together and how much may wait. */
export interface SchedulerLimits {
  /** Most rows of one run; larger requests are split. 1 turns batching off. */
  readonly maxBatchRows: number;
  /** The rows that a run may have, ascending; smaller batches are filled up by repeating a row. Any number when absent. */
  readonly allowedBatchSizes?: readonly number[];
  /** How long an idle instance waits for company, in microseconds. */
  readonly maxQueueDelayUs: number;
  /** The delay is found instead, such that 99 of 100 requests are answered within so many milliseconds. */
  readonly targetP99Ms?: number;
  readonly maxQueueRows: number;
  readonly maxQueueBytes: number;
  /** Most requests of one priority level that may wait, a part of a split one as one; any number when absent. */
  readonly maxQueueRequests?: (priority: number) => number;
  /** Whether requests may share a run; true when absent. */
  readonly mergesRequests?: boolean;
  /**
   * The share of the batches of several requests that are checked once the first ones have been: a row of theirs is run
   * again alone. None are when 0 or absent.
   */
  readonly verifyBatching?: number;
  /** Hard limit of one run, for the text of its error. */
  readonly timeoutMs: number;
}
