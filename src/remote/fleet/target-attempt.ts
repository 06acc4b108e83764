import type { Trace } from '../../common/trace';
import { Attempt } from '../attempt';
import type { Connection } from '../connection';
import type { AttemptOutcome, FleetObserver, FleetRequest } from './fleet-request';
import type { Member } from './member';
import { traceAttempt } from './trace-attempt';

/** What learns of the end of an attempt. */
export interface AttemptContext {
  readonly observer: FleetObserver;
  /** A target has room for one more request. */
  vacated(now: number): void;
}

/** An attempt on a target, which counts as in flight there until it has ended. */
export class TargetAttempt<C extends Connection> extends Attempt {
  isOver = false;
  private readonly trace: Trace | undefined;

  constructor(
    private readonly context: AttemptContext,
    readonly member: Member<C>,
    readonly startedAt: number,
    { deadline, charge, trace }: FleetRequest,
  ) {
    super(deadline, charge);
    member.inFlight++;
    if (trace === undefined) return;
    this.trace = traceAttempt(trace, member.target, startedAt);
    this.traceContext = this.trace.context;
  }

  /** Ends the attempt. Only that of a success stays charged. @returns whether it had not ended before. */
  end(outcome: AttemptOutcome, now: number): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    if (outcome !== 'success') this.hold(0);
    this.member.inFlight--;
    this.context.observer.attempted(this.member.target, outcome, now - this.startedAt);
    this.trace?.set({ 'nexus.attempt.outcome': outcome });
    // An attempt is cancelled when another one was first, or the client has left.
    this.trace?.end(now, outcome === 'success' || outcome === 'cancelled' ? undefined : outcome);
    this.context.vacated(now);
    return true;
  }

  /** Ends the attempt, and the work for it. */
  stop(outcome: AttemptOutcome, now: number): void {
    if (this.end(outcome, now)) this.cancel();
  }
}
