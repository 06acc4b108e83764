import { LatencyQuantile } from '../../balancing/latency-quantile';
import { RetryBudget } from '../../balancing/retry-budget';
import { Bag } from '../../common/bag';
import { SYSTEM_CLOCK, type Clock } from '../../common/clock';
import { targetErrors } from '../../common/target-errors';
import type { Connection } from '../connection';
import type { Target } from '../target';
import { Choice } from './choice';
import type { FleetPolicy } from './fleet-policy';
import type { FleetAnswer, FleetObserver, FleetRequest, TargetStatus, Work } from './fleet-request';
import { Flight } from './flight';
import type { FlightContext, InFlight } from './flight-context';
import { HealthCheck } from './health-check';
import { Member } from './member';
import { PassiveHealth } from './passive-health';
import { Roster } from './roster';
import { Ticker } from './ticker';

/** Time in milliseconds between two looks at the requests in flight, without and with hedging, which is due sooner. */
const LOOK_MS = 25;
const HEDGING_LOOK_MS = 5;

/**
 * The targets of a model. Chooses one for each request, retries what failed, checks the health of the targets, and ejects
 * those that fail. It knows no protocol.
 */
export class Fleet<C extends Connection> {
  private readonly members: readonly Member<C>[];
  private readonly roster: Roster<C>;
  private readonly checks: ReadonlyMap<Member<C>, HealthCheck<C>>;
  private readonly context: FlightContext<C>;
  private readonly waitingForRoom = new Set<InFlight<C>>();
  private readonly flights = new Bag<InFlight<C>>();
  private readonly ticker: Ticker;
  private isClosed = false;

  /**
   * @param model its name, for errors.
   * @param members at least one target, each with the connection to it.
   * @param random number from 0 to 1, 1 excluded.
   */
  constructor(
    private readonly model: string,
    members: readonly { readonly target: Target; readonly connection: C }[],
    policy: FleetPolicy,
    observer: FleetObserver,
    clock: Clock = SYSTEM_CLOCK,
    random: () => number = Math.random,
  ) {
    this.members = members.map(({ target, connection }) => new Member(target, connection, policy.region));
    const roster = new Roster(this.members, observer, (member, reason) => this.memberOut(member, reason));
    this.roster = roster;
    this.checks = new Map(
      this.members.map((member) => [member, new HealthCheck(member, roster, policy, clock, random)]),
    );
    const health = new PassiveHealth(roster);
    this.context = {
      model,
      policy,
      observer,
      clock,
      random,
      roster,
      health,
      choice: new Choice(this.members, random),
      budget: new RetryBudget(),
      latencies: new LatencyQuantile(),
      suspect: (member, spacingMs) => this.checks.get(member)!.hurry(spacingMs),
      capacity: members.reduce((total, { target }) => total + target.maxInFlight, 0),
      flights: this.flights,
      waitingForRoom: this.waitingForRoom,
      vacated: (now) => this.vacated(now),
    };
    this.ticker = new Ticker(policy.hedge ? HEDGING_LOOK_MS : LOOK_MS, clock, (now) => {
      this.flights.forEach((flight) => flight.look(now));
      health.compare(now);
      return this.flights.size > 0;
    });
  }

  /** Begins the health checks. The first one of each target runs at once. */
  start(): void {
    for (const check of this.checks.values()) check.begin();
  }

  /**
   * Gets an answer from a target. The caller must call `end` of the answer. Attempts end within 30 ms after the deadline
   * has passed without an answer, or the client has left, also while the answer is still in use.
   * @throws NexusError target_rejected for a mistake in the request; no_target, targets_full, targets_overloaded,
   * target_failed, target_timeout, deadline_exceeded, cancelled. An error of `work` that is no TargetFailure is thrown as it is.
   */
  run<T>(request: FleetRequest, work: Work<C, T>): Promise<FleetAnswer<T>> {
    if (this.isClosed) return Promise.reject(this.closedError());
    return new Promise((resolve, reject) => {
      const flight = new Flight(this.context, request, work, resolve, reject);
      flight.begin();
      this.ticker.start();
    });
  }

  /** The targets in their order. */
  status(): readonly TargetStatus[] {
    return this.members.map(({ status }) => status);
  }

  /** Whether at least one target has passed its health check and receives requests. */
  get usable(): boolean {
    return this.roster.hasHealthy;
  }

  /** Why no target can be used; empty if one can. Contains no address. */
  get reason(): string {
    return this.roster.reason;
  }

  /** Requests that have no answer yet, or whose answer is in use. */
  get inFlight(): number {
    return this.flights.size;
  }

  /** Cancels the requests in flight, stops the health checks and closes the connections. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const check of this.checks.values()) check.stop();
    this.flights.forEach((flight) => flight.fail(this.closedError()));
    await Promise.all(this.members.map(({ connection }) => connection.close()));
  }

  private memberOut(member: Member<C>, reason: string): void {
    this.checks.get(member)!.reschedule();
    this.flights.forEach((flight) => flight.memberOut(member, reason));
  }

  /** Gives room to the retry that has waited longest. */
  private vacated(now: number): void {
    if (this.waitingForRoom.size === 0) return;
    const [first] = this.waitingForRoom;
    first!.look(now);
  }

  private closedError(): Error {
    return targetErrors.noTarget(this.model, 'the model is being unloaded');
  }
}
