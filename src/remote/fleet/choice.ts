import { powerOfTwo } from '../../balancing/power-of-two';
import { rendezvousHash, rendezvous } from '../../balancing/rendezvous';
import type { Connection } from '../connection';
import type { Member } from './member';

/** What speaks against a target, from the least to the worst. A target with less against it is always preferred. */
const FOREIGN = 1;
const AVOIDED = 2;
const UNKNOWN = 4;
const TRIED = 8;
const ANY = FOREIGN + AVOIDED + UNKNOWN + TRIED;

/** Targets that a request may be sent to: `any`, `untried` by it, or `good` ones: untried, healthy and not overloaded. */
export type Among = 'any' | 'untried' | 'good';

const LIMITS: Record<Among, number> = { any: ANY, untried: TRIED - 1, good: FOREIGN };

/** Chooses the targets of requests. */
export class Choice<C extends Connection> {
  /** Reused, because there is one choice at a time. */
  private readonly candidates: Member<C>[] = [];

  constructor(
    private readonly members: readonly Member<C>[],
    private readonly random: () => number,
  ) {}

  /**
   * Chooses by session, or by load without one.
   * @param tried targets that the request was sent to before.
   * @returns undefined if every target that it may be sent to is full or cannot be used.
   */
  pick(
    session: string | undefined,
    tried: readonly Member<C>[],
    among: Among,
    now: number,
  ): Member<C> | undefined {
    const { candidates } = this;
    candidates.length = 0;
    let best = LIMITS[among];
    for (const member of this.members) {
      if (!member.isUsable || member.isFull) continue;
      const rank = rankOf(member, tried, now);
      if (rank > best) continue;
      if (rank < best) candidates.length = 0;
      best = rank;
      candidates.push(member);
    }
    if (session !== undefined) return rendezvous(candidates, rendezvousHash(session));
    if (candidates.length > 1) for (const member of candidates) member.updateShare(now);
    return powerOfTwo(candidates, this.random);
  }
}

function rankOf<C extends Connection>(member: Member<C>, tried: readonly Member<C>[], now: number): number {
  return (
    (member.isForeign ? FOREIGN : 0) +
    (member.avoidedUntil > now ? AVOIDED : 0) +
    (member.reach === 'up' ? 0 : UNKNOWN) +
    (tried.includes(member) ? TRIED : 0)
  );
}
