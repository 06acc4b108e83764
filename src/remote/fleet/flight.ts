import { fullJitter } from '../../balancing/backoff';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { targetErrors } from '../../common/target-errors';
import type { Connection } from '../connection';
import { TargetFailure } from '../target-failure';
import type { Among } from './choice';
import { clientError, attemptOutcome } from './client-error';
import type { FleetAnswer, FleetRequest, Work } from './fleet-request';
import type { FlightContext, InFlight } from './flight-context';
import type { Member } from './member';
import { TargetAttempt } from './target-attempt';

/** Maximum wait before the first retry, in milliseconds. It doubles with each retry, up to the second. */
const FIRST_BACKOFF_MS = 25;
const MOST_BACKOFF_MS = 1000;

/** How many times the 95th percentile, but at least how many milliseconds, a target may take before it is suspected to hang. */
const SUSPECT_TIMES = 3;
const SUSPECT_LEAST_MS = 250;
const HANGING_LEAST_MS = 1000;

/** A request on its way to a target, until its answer is no longer used. It is over when it has left {@link FlightContext.flights}. */
export class Flight<C extends Connection, T> implements InFlight<C> {
  place = -1;
  private readonly startedAt: number;
  /** The attempts that have not ended: one, or with a hedge two. */
  private attempt: TargetAttempt<C> | undefined;
  private hedge: TargetAttempt<C> | undefined;
  private tried: readonly Member<C>[] = [];
  private retries = 0;
  private state: 'trying' | 'waiting' | 'answered' | 'over' = 'trying';
  /** The last failure, while the request waits for a retry. */
  private failure: TargetFailure | undefined;
  private retryAt = 0;
  private isBudgetReported = false;

  constructor(
    private readonly context: FlightContext<C>,
    private readonly request: FleetRequest,
    private readonly work: Work<C, T>,
    private readonly resolve: (answer: FleetAnswer<T>) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.startedAt = context.clock.now();
    context.flights.add(this);
  }

  /** Sends the request to its first target. */
  begin(): void {
    const { startedAt, context } = this;
    context.budget.count(startedAt);
    const member = context.choice.pick(this.request.session, this.tried, 'any', startedAt);
    if (member) this.attempt = this.start(member, startedAt);
    else this.fail(this.refusal());
  }

  /** Does what is due: ends the request, retries it, or sends it to a second target. */
  look(now: number): void {
    const { request } = this;
    if (request.abandoned?.()) this.fail(errors.cancelled(), now);
    // An answer that is in use, such as a stream, has time limits of its own.
    else if (this.state !== 'answered' && now >= request.deadline) this.miss(now);
    else if (this.state === 'waiting' && now >= this.retryAt) this.retry(now);
    else if (this.state === 'trying') this.watch(now);
  }

  /** Ends the attempt on a target that has gone out of use, if there is no answer yet. */
  memberOut(member: Member<C>, reason: string): void {
    if (this.state !== 'trying') return;
    const attempt = [this.attempt, this.hedge].find((each) => each?.member === member);
    if (!attempt) return;
    const now = this.context.clock.now();
    attempt.stop('broken', now);
    this.attemptOver(attempt, new TargetFailure('broken', reason), now);
  }

  /** Ends the request with an error, and its attempts with it. */
  fail(error: unknown, now = this.context.clock.now()): void {
    this.stopAttempts('cancelled', now);
    this.settle(error);
  }

  /** The deadline passed. */
  private miss(now: number): void {
    const hanging = [this.attempt, this.hedge].filter((attempt) => attempt && this.isHanging(attempt, now));
    this.stopAttempts('timeout', now);
    this.settle(errors.deadlineExceeded('while another server was running the model'));
    // Last, because it may eject targets, which ends the attempts on them.
    for (const attempt of hanging)
      this.context.health.failed(attempt!.member, new TargetFailure('broken', 'no response in time'), now);
  }

  private settle(error: unknown): void {
    const { state } = this;
    this.finish();
    if (state !== 'answered' && state !== 'over') this.reject(error);
  }

  private stopAttempts(outcome: 'cancelled' | 'timeout', now: number): void {
    const { attempt, hedge } = this;
    this.attempt = this.hedge = undefined;
    attempt?.stop(outcome, now);
    hedge?.stop(outcome, now);
  }

  private finish(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.context.flights.delete(this);
    this.context.waitingForRoom.delete(this);
  }

  private start(member: Member<C>, now: number): TargetAttempt<C> {
    const attempt = new TargetAttempt(this.context, member, now, this.request);
    this.state = 'trying';
    let answer: Promise<T>;
    try {
      answer = this.work(member.connection, member.target, attempt);
    } catch (error) {
      answer = Promise.reject(error);
    }
    answer.then(
      (value) => this.answered(attempt, value),
      (error: unknown) => this.failed(attempt, error),
    );
    return attempt;
  }

  private answered(attempt: TargetAttempt<C>, value: T): void {
    // A late answer of an attempt that was cancelled.
    if (attempt.isOver) return;
    const { context } = this;
    const now = context.clock.now();
    const upstreamMs = now - attempt.startedAt;
    context.latencies.add(upstreamMs);
    attempt.member.record.addLatency(upstreamMs);
    if (this.hedge) {
      const other = this.hedge === attempt ? this.attempt : this.hedge;
      other?.stop('cancelled', now);
      this.hedge = undefined;
    }
    this.attempt = attempt;
    this.state = 'answered';
    const waitedMs = attempt.startedAt - this.startedAt;
    this.resolve({
      value,
      target: attempt.member.target,
      waitedMs,
      upstreamMs,
      end: (failed = false) => this.end(attempt, failed),
    });
  }

  private end(attempt: TargetAttempt<C>, failed: boolean): void {
    const { context } = this;
    const now = context.clock.now();
    if (!attempt.end(failed ? 'broken' : 'success', now)) return;
    this.attempt = undefined;
    this.finish();
    if (!failed) context.health.succeeded(attempt.member, now);
    else context.health.failed(attempt.member, new TargetFailure('broken', 'its response broke off'), now);
  }

  private failed(attempt: TargetAttempt<C>, error: unknown): void {
    // The rejection of an attempt that was cancelled.
    if (attempt.isOver) return;
    const { context } = this;
    const now = context.clock.now();
    if (!(error instanceof TargetFailure)) {
      // An error of the gateway, which says nothing about the target.
      attempt.end(error instanceof NexusError ? 'cancelled' : 'failed', now);
      this.fail(error, now);
      return;
    }
    // Timers may fire a little before their time.
    if (error.details.timedOut && now + 1 >= this.request.deadline) {
      this.miss(now);
      return;
    }
    attempt.end(attemptOutcome(error), now);
    // First, so that an ejection that follows does not end the attempt again.
    this.attemptOver(attempt, error, now);
    context.health.failed(attempt.member, error, now);
    if (error.kind === 'connect' || error.kind === 'broken') context.suspect(attempt.member);
  }

  /** An attempt failed. The request continues with the other one, or with a retry. */
  private attemptOver(attempt: TargetAttempt<C>, failure: TargetFailure, now: number): void {
    if (this.attempt === attempt) this.attempt = this.hedge;
    this.hedge = undefined;
    this.tried = [...this.tried, attempt.member];
    if (!this.attempt) this.decide(failure, now);
  }

  private decide(failure: TargetFailure, now: number): void {
    const { context, request } = this;
    const { kind, details } = failure;
    // As many may wait for a retry as may be in flight.
    const isCrowded = context.flights.size > 2 * context.capacity;
    if (kind === 'rejected' || this.retries >= context.policy.retries || isCrowded) {
      this.settle(clientError(context.model, failure));
      return;
    }
    if (kind === 'overloaded') {
      const other = this.failure?.kind === 'overloaded' ? undefined : this.pick('untried', now);
      this.failure = failure;
      if (other && this.mayRetry(now)) this.startRetry(other, now);
      else this.settle(clientError(context.model, failure));
      return;
    }
    this.failure = failure;
    this.state = 'waiting';
    const backoff = fullJitter(this.retries, FIRST_BACKOFF_MS, MOST_BACKOFF_MS, context.random());
    const asked = now + (details.retryAfterMs ?? 0);
    this.retryAt = Math.max(now + backoff, asked < request.deadline ? asked : 0);
  }

  /**
   * Sends the request to another target. It waits on while the other targets are full, or while the budget does not allow a
   * retry that a healthy target could answer.
   */
  private retry(now: number): void {
    const { context, failure } = this;
    const member = this.pick('untried', now) ?? (this.isOtherFull ? undefined : this.pick('any', now));
    if (member && this.mayRetry(now)) {
      this.startRetry(member, now);
    } else if (!(member ? this.pick('good', now) : context.roster.hasUsable)) {
      this.settle(clientError(context.model, failure!));
    } else if (!member) {
      context.waitingForRoom.add(this);
    }
  }

  /** Whether a healthy target that was not tried yet is full. */
  private get isOtherFull(): boolean {
    const { members } = this.context.roster;
    return members.some((member) => member.isHealthy && member.isFull && !this.tried.includes(member));
  }

  /** Takes a retry from the budget, if it allows one. */
  private mayRetry(now: number): boolean {
    const { budget, observer } = this.context;
    const isAllowed = budget.take(now);
    if (!isAllowed && !this.isBudgetReported) observer.budgetExhausted();
    this.isBudgetReported = !isAllowed;
    return isAllowed;
  }

  private startRetry(member: Member<C>, now: number): void {
    this.retries++;
    this.context.waitingForRoom.delete(this);
    this.context.observer.retried(member.target, 'retry');
    this.attempt = this.start(member, now);
  }

  /** Looks at attempts that have no answer yet. */
  private watch(now: number): void {
    const { context, attempt } = this;
    if (!attempt) return;
    const { p95 } = context.latencies;
    const { totalMs } = context.policy.timeouts;
    const ms = now - attempt.startedAt;
    if (ms >= totalMs) {
      attempt.cancel();
      const message = `expected the whole response within ${totalMs} ms`;
      return this.failed(attempt, new TargetFailure('broken', message, { timedOut: true }));
    }
    if (ms > Math.max(SUSPECT_LEAST_MS, SUSPECT_TIMES * p95))
      context.suspect(attempt.member, HANGING_LEAST_MS);
    if (!context.policy.hedge || this.hedge || this.retries > 0 || ms <= p95) return;
    const other = context.choice.pick(this.request.session, [...this.tried, attempt.member], 'good', now);
    if (!other || !context.budget.take(now)) return;
    context.observer.retried(other.target, 'hedge');
    this.hedge = this.start(other, now);
  }

  /** Whether an attempt without an answer has taken far longer than others do, which counts against its target. */
  private isHanging(attempt: TargetAttempt<C>, now: number): boolean {
    const { p95 } = this.context.latencies;
    return (
      this.state === 'trying' && now - attempt.startedAt > Math.max(HANGING_LEAST_MS, SUSPECT_TIMES * p95)
    );
  }

  private pick(among: Among, now: number): Member<C> | undefined {
    return this.context.choice.pick(this.request.session, this.tried, among, now);
  }

  private refusal(): Error {
    const { model, roster } = this.context;
    return roster.hasUsable ? targetErrors.targetsFull(model) : targetErrors.noTarget(model, roster.reason);
  }
}
