import type { RunTimes } from '../common/run-times';
import type { Job } from './job';
import type { FlushReason } from './queue';

/** Why a request was refused admission: the queue is full, its deadline cannot be met; or it was displaced by others. */
export type RefusalReason = 'queue_full' | 'deadline' | 'displaced';

/** The outcome of checking a batch: its rows are independent, or they depend on each other. */
export type CheckOutcome = 'same' | 'mixed';

/** What waits for an instance, how many runs are in flight, and the batch window in milliseconds. */
export interface SchedulerLoad {
  readonly waitingRows: number;
  readonly waitingRequests: number;
  readonly running: number;
  readonly delayMs: number;
}

/** Told what the scheduler does. */
export interface SchedulerObserver {
  /** The first run of a request of a priority level starts, after it has waited so long. */
  started(priority: number, waitedMs: number): void;
  /** A run succeeded. @param rows those of requests. @param padding those that fill it up to an allowed size. */
  executed(rows: number, padding: number, times: RunTimes): void;
  /** A batch was flushed from the queue, or a failed one is retried. */
  flushed(reason: FlushReason | 'retry'): void;
  /** A request was refused admission, or displaced. */
  refused(reason: RefusalReason): void;
  /** A row of a batch was run again alone, and came out the same or not. */
  checked(outcome: CheckOutcome): void;
}

const SILENT: SchedulerObserver = {
  started: () => {},
  executed: () => {},
  flushed: () => {},
  refused: () => {},
  checked: () => {},
};

/** Who is told about `job`: `observer`, or nobody where no client asked for the job. */
export function observerOf({ uncounted }: Job, observer: SchedulerObserver): SchedulerObserver {
  return uncounted === true ? SILENT : observer;
}
