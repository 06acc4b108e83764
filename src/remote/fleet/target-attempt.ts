import { Attempt } from '../attempt';
import type { Connection } from '../connection';
import type { AttemptOutcome, FleetObserver } from './fleet-request';
import type { Member } from './member';

/** What learns of the end of an attempt. */
export interface AttemptContext {
  readonly observer: FleetObserver;
  /** A target has room for one more request. */
  vacated(now: number): void;
}

/** An attempt on a target, which counts as in flight there until it has ended. */
export class TargetAttempt<C extends Connection> extends Attempt {
  isOver = false;

  constructor(
    private readonly context: AttemptContext,
    readonly member: Member<C>,
    readonly startedAt: number,
    deadline: number,
    charge: ((bytes: number) => void) | undefined,
  ) {
    super(deadline, charge);
    member.inFlight++;
  }

  /** Ends the attempt. Only that of a success stays charged. @returns whether it had not ended before. */
  end(outcome: AttemptOutcome, now: number): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    if (outcome !== 'success') this.hold(0);
    this.member.inFlight--;
    this.context.observer.attempted(this.member.target, outcome, now - this.startedAt);
    this.context.vacated(now);
    return true;
  }

  /** Ends the attempt, and the work for it. */
  stop(outcome: AttemptOutcome, now: number): void {
    if (this.end(outcome, now)) this.cancel();
  }
}
