import type { RunTimes } from '../common/run-times';
import type { Job } from './job';
import type { FlushReason } from './queue';

/** Why a request was rejected: the queue is full, its deadline cannot be met, or it was evicted for other clients. */
export type RefusalReason = 'queue_full' | 'deadline' | 'displaced';

/** Result of verifying a batch: its rows are independent (`same`), or they depend on each other (`mixed`). */
export type CheckOutcome = 'same' | 'mixed';

/** Queued rows and requests, runs in flight, and the batch window in milliseconds. */
export interface SchedulerLoad {
  readonly waitingRows: number;
  readonly waitingRequests: number;
  readonly running: number;
  readonly delayMs: number;
  /** Estimated time until a request that arrives now would start, in milliseconds; 0 if unknown. */
  readonly waitMs: number;
}

/** Receives the events of a scheduler. */
export interface SchedulerObserver {
  /** The first run of a request starts. @param waitedMs time that the request waited in the queue. */
  started(priority: number, waitedMs: number): void;
  /** A run succeeded. @param rows rows of requests. @param padding rows added to reach an allowed batch size. */
  executed(rows: number, padding: number, times: RunTimes): void;
  /** A run of sequences succeeded. @param tokens tokens of requests. @param padding tokens added to reach the longest. */
  paddedTokens(tokens: number, padding: number): void;
  /** A batch leaves the queue, or part of a failed batch is retried. */
  flushed(reason: FlushReason | 'retry'): void;
  /** A request was rejected or evicted. */
  refused(reason: RefusalReason): void;
  /** A batch was verified. */
  checked(outcome: CheckOutcome): void;
}

const SILENT: SchedulerObserver = {
  started: () => {},
  executed: () => {},
  paddedTokens: () => {},
  flushed: () => {},
  refused: () => {},
  checked: () => {},
};

/** Returns `observer`, or a silent one if no client sent `job`. */
export function observerOf({ uncounted }: Job, observer: SchedulerObserver): SchedulerObserver {
  return uncounted === true ? SILENT : observer;
}
