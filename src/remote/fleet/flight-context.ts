import type { LatencyQuantile } from '../../balancing/latency-quantile';
import type { RetryBudget } from '../../balancing/retry-budget';
import type { Bag, Placed } from '../../common/bag';
import type { Clock } from '../../common/clock';
import type { Connection } from '../connection';
import type { Choice } from './choice';
import type { FleetPolicy } from './fleet-policy';
import type { Member } from './member';
import type { PassiveHealth } from './passive-health';
import type { Roster } from './roster';
import type { AttemptContext } from './target-attempt';

/** A request, as its fleet sees it. */
export interface InFlight<C extends Connection> extends Placed {
  /** Does what is due: ends the request, retries it, or sends it to a second target. */
  look(now: number): void;
  /** A target has gone out of use. Attempts on it that have no answer yet end. */
  memberOut(member: Member<C>, reason: string): void;
  /** Ends the request with an error, and its attempts with it. */
  fail(error: unknown): void;
}

/** What the requests of a fleet share. */
export interface FlightContext<C extends Connection> extends AttemptContext {
  readonly model: string;
  readonly policy: FleetPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly roster: Roster<C>;
  readonly choice: Choice<C>;
  readonly health: PassiveHealth<C>;
  readonly budget: RetryBudget;
  /** Time until the first answer of recent requests. */
  readonly latencies: LatencyQuantile;
  /** All requests that are not over. */
  readonly flights: Bag<InFlight<C>>;
  /** Requests whose retry waits until a target has room, which come before new requests. */
  readonly waitingForRoom: Set<InFlight<C>>;
  /** Requests that all targets together may have in flight. */
  readonly capacity: number;
  /** A target does not answer, or its connection failed: checks it, unless that was done in the last `spacingMs`. */
  suspect(member: Member<C>, spacingMs?: number): void;
}
