import { Attempt } from '../attempt';
import type { Connection } from '../connection';
import type { AttemptOutcome, FleetObserver } from './fleet-request';
import type { Member } from './member';

/** An attempt on a target, which counts as in flight there until it has ended. */
export class TargetAttempt<C extends Connection> extends Attempt {
  isOver = false;

  constructor(
    readonly member: Member<C>,
    readonly startedAt: number,
    deadline: number,
  ) {
    super(deadline);
    member.inFlight++;
  }

  /** Ends the attempt. @returns whether it had not ended before. */
  end(outcome: AttemptOutcome, now: number, observer: FleetObserver): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.member.inFlight--;
    observer.attempted(this.member.target, outcome, now - this.startedAt);
    return true;
  }

  /** Ends the attempt, and the work for it. @returns whether it had not ended before. */
  stop(outcome: AttemptOutcome, now: number, observer: FleetObserver): boolean {
    const isFirst = this.end(outcome, now, observer);
    if (isFirst) this.cancel();
    return isFirst;
  }
}
