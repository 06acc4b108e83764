import { failingReason, outlierReason } from '../../balancing/outlier-detection';
import type { Connection } from '../connection';
import type { TargetFailure } from '../target-failure';
import type { Member } from './member';
import type { Roster } from './roster';

/** Time in milliseconds between two comparisons of the targets. */
const COMPARE_MS = 1000;

/** Maximum time in milliseconds for which an overloaded target is avoided. */
const MOST_AVOIDED_MS = 5000;

/** Time in milliseconds for which an overloaded target is avoided that does not name one. */
const AVOIDED_MS = 250;

/** Time in milliseconds for which a target is avoided that would be ejected, if that were not too many. */
const OUTLIER_AVOIDED_MS = 1000;

/** Ejects targets by how their requests end. At most half of the targets are ejected, and never the last healthy one. */
export class PassiveHealth<C extends Connection> {
  private comparedAt = -Infinity;

  constructor(private readonly roster: Roster<C>) {}

  /** A request succeeded. */
  succeeded(member: Member<C>, now: number): void {
    member.record.add(true, now);
  }

  /** A request failed. */
  failed(member: Member<C>, { kind, message, details }: TargetFailure, now: number): void {
    if (kind === 'rejected') return;
    if (kind === 'overloaded') {
      const ms = Math.min(MOST_AVOIDED_MS, details.retryAfterMs ?? AVOIDED_MS);
      member.avoidedUntil = Math.max(member.avoidedUntil, now + ms);
      return;
    }
    member.record.add(false, now);
    if (kind === 'misconfigured' && member.isUsable && this.roster.isSpare(member))
      this.roster.eject(member, message, now);
    else this.ejectIf(member, failingReason(member.record), now);
  }

  /** Compares the targets with each other, once a second. */
  compare(now: number): void {
    if (now - this.comparedAt < COMPARE_MS) return;
    this.comparedAt = now;
    const inUse = this.roster.members.filter(({ isHealthy }) => isHealthy);
    if (inUse.length < 2) return;
    for (const member of inUse) {
      const others = inUse.filter((other) => other !== member && other.isHealthy);
      const records = others.map(({ record }) => record);
      this.ejectIf(member, outlierReason(member.record, records, now), now);
    }
  }

  private ejectIf(member: Member<C>, reason: string | undefined, now: number): void {
    if (reason === undefined || !member.isUsable) return;
    if (this.roster.mayEjectMore && this.roster.isSpare(member)) this.roster.eject(member, reason, now);
    else member.avoidedUntil = Math.max(member.avoidedUntil, now + OUTLIER_AVOIDED_MS);
  }
}
