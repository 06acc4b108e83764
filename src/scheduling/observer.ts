import type { RunTimes } from '../common/run-times';
import type { Job } from './job';
import type { Departure } from './queue';

/** Why a request was not taken: no room in the queue, no time before its deadline; or it had to make room for others. */
export type RefusalReason = 'queue_full' | 'deadline' | 'displaced';

/** What a check of a batch has shown: each row is what it is alone, or rows depend on each other. */
export type CheckOutcome = 'same' | 'mixed';

/** What waits for an instance, how many runs are under way, and how long an idle instance waits for company. */
export interface SchedulerLoad {
  readonly waitingRows: number;
  readonly waitingRequests: number;
  readonly running: number;
  readonly delayMs: number;
}

/** Told what the scheduler does. */
export interface SchedulerObserver {
  /** The first run of a request of a priority level begins, after it has waited so long. */
  began(priority: number, waitedMs: number): void;
  /** A run succeeded. @param rows those of requests. @param padding those that only filled it up. */
  executed(rows: number, padding: number, times: RunTimes): void;
  /** A batch left the queue, or one that had failed is tried again in smaller ones. */
  departed(reason: Departure | 'retry'): void;
  refused(reason: RefusalReason): void;
  /** A row of a batch was run again alone, and came out the same or not. */
  checked(outcome: CheckOutcome): void;
}

const SILENT: SchedulerObserver = {
  began: () => {},
  executed: () => {},
  departed: () => {},
  refused: () => {},
  checked: () => {},
};

/** Who is told about `job`: `observer`, or nobody where no client asked for the job. */
export function observerOf({ uncounted }: Job, observer: SchedulerObserver): SchedulerObserver {
  return uncounted === true ? SILENT : observer;
}
