import type { Connection } from '../connection';
import type { FleetObserver } from './fleet-request';
import type { Member } from './member';

/** Which targets of a fleet are in use. Every change of their health is made here. */
export class Roster<C extends Connection> {
  /** What was reported last; undefined before the first health checks have ended. */
  private reported: boolean | undefined;

  /** @param onOut called when a target has gone out of use, with the reason. */
  constructor(
    readonly members: readonly Member<C>[],
    private readonly observer: FleetObserver,
    private readonly onOut: (member: Member<C>, reason: string) => void,
  ) {}

  /** Whether at least one target is healthy. */
  get hasHealthy(): boolean {
    return this.members.some(({ isHealthy }) => isHealthy);
  }

  /** Whether at least one target may receive requests. */
  get hasUsable(): boolean {
    return this.members.some(({ isUsable }) => isUsable);
  }

  /** Why no target is healthy; empty if one is. Contains no address. */
  get reason(): string {
    if (this.hasHealthy) return '';
    const reasons = new Set(this.members.map(({ reason }) => reason).filter((reason) => reason !== ''));
    if (reasons.size === 0) return 'its targets have not passed a health check yet';
    const [first] = reasons;
    return this.members.length === 1 ? first! : `all ${this.members.length} are down, one because ${first}`;
  }

  /** A health check passed. A target that was down, or whose ejection is over, is used again. */
  passed(member: Member<C>, now: number): void {
    const wasOut = !member.isUsable;
    const wasReach = member.reach;
    member.reach = 'up';
    if (member.isEjected && now >= member.ejections.until) member.ejections.end(now);
    if (!member.isUsable) {
      if (wasReach === 'down') member.reason = 'its requests failed before it was unreachable';
    } else if (wasOut || wasReach === 'unknown') {
      member.enterUse(now);
      if (wasOut) this.observer.returned(member.target);
    }
    this.report();
  }

  /** The target cannot be reached. */
  lost(member: Member<C>, reason: string, now: number): void {
    const wasUsable = member.isUsable;
    member.reach = 'down';
    this.out(member, reason, wasUsable, now);
  }

  /** Ejects a target for some time. */
  eject(member: Member<C>, reason: string, now: number): void {
    const wasUsable = member.isUsable;
    member.ejections.begin(now);
    this.out(member, reason, wasUsable, now);
  }

  /** Whether another target is healthy, so that the last one is never ejected. */
  isSpare(member: Member<C>): boolean {
    return this.members.some((other) => other !== member && other.isHealthy);
  }

  /** Whether one more ejection leaves at least half of the targets. */
  get mayEjectMore(): boolean {
    const ejected = this.members.filter(({ isEjected }) => isEjected).length;
    return ejected + 1 <= this.members.length / 2;
  }

  private out(member: Member<C>, reason: string, wasUsable: boolean, now: number): void {
    member.reason = reason;
    if (wasUsable) this.observer.ejected(member.target, reason);
    if (!this.hasUsable) this.recall(now);
    this.report();
    // Last, because the attempts that this ends choose another target.
    if (wasUsable) this.onOut(member, reason);
  }

  /** Ends all ejections of targets that can be reached: a target that often fails is better than none. */
  private recall(now: number): void {
    for (const member of this.members) {
      if (!member.isEjected || member.reach === 'down') continue;
      member.ejections.end(now);
      member.enterUse(now);
      this.observer.returned(member.target);
    }
  }

  private report(): void {
    const isUsable = this.hasHealthy;
    if (isUsable === this.reported || (!isUsable && this.members.some(({ reach }) => reach === 'unknown')))
      return;
    this.reported = isUsable;
    this.observer.usableChanged(isUsable, this.reason);
  }
}
