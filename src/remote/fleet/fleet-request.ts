import type { Trace } from '../../common/trace';
import type { Attempt } from '../attempt';
import type { Connection } from '../connection';
import type { Target } from '../target';

/** What routing a request to a target depends on. */
export interface FleetRequest {
  /** Requests of one session go to one target while it is healthy; undefined without a session. */
  readonly session?: string | undefined;
  /** Deadline of the response, on the `performance.now()` clock. */
  readonly deadline: number;
  /** Returns whether the client has disconnected. The attempts then end within 100 ms. */
  readonly abandoned: (() => boolean) | undefined;
  /**
   * Charges the request for so many bytes more of an answer, as they arrive. Called with a negative number when an attempt has
   * failed, which always succeeds. @throws NexusError memory_busy, which ends the request.
   */
  readonly charge?: ((bytes: number) => void) | undefined;
  /** Where its attempts are recorded. */
  readonly trace?: Trace | undefined;
}

/** Gets an answer from one target. Rejects with a TargetFailure, or with the error of {@link FleetRequest.charge}. */
export type Work<C extends Connection, T> = (connection: C, target: Target, attempt: Attempt) => Promise<T>;

/** The first answer of a target, which may still be in use. */
export interface FleetAnswer<T> {
  readonly value: T;
  readonly target: Target;
  /** Time in milliseconds before the successful attempt: failed attempts, and waits between them. */
  readonly waitedMs: number;
  /** Time in milliseconds of the successful attempt. */
  readonly upstreamMs: number;
  /** Ends the attempt when the value is no longer used. Repeats do nothing. @param failed whether the target broke off. */
  end(failed?: boolean): void;
}

/** How an attempt ended. `cancelled`: the client left, another attempt was first, or the gateway has no memory for the answer. */
export type AttemptOutcome =
  | 'success'
  | 'connect'
  | 'broken'
  | 'timeout'
  | 'overloaded'
  | 'failed'
  | 'garbage'
  | 'misconfigured'
  | 'rejected'
  | 'cancelled';

/** Receives the events of a fleet, for metrics and the log. */
export interface FleetObserver {
  /** An attempt ended. @param ms its duration. */
  attempted(target: Target, outcome: AttemptOutcome, ms: number): void;
  /** A request is tried again, or `hedged`: tried on a second target while the first has not answered. */
  retried(target: Target, why: 'retry' | 'hedge'): void;
  /** A retry was due, but the retry budget did not allow it. */
  budgetExhausted(): void;
  /** The target receives no requests until it has recovered. */
  ejected(target: Target, reason: string): void;
  /** The target receives requests again. */
  returned(target: Target): void;
  /** Whether at least one target can be used has changed. @param reason why none can; empty if one can. */
  usableChanged(usable: boolean, reason: string): void;
}

/** A target at this moment. */
export interface TargetStatus {
  readonly target: Target;
  /** `unknown` before its first check has ended. */
  readonly state: 'unknown' | 'healthy' | 'ejected' | 'unreachable';
  /** Why it receives no requests; empty if it does. */
  readonly reason: string;
  readonly inFlight: number;
}
