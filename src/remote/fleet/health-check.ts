import type { Clock } from '../../common/clock';
import { Attempt } from '../attempt';
import type { Connection } from '../connection';
import { TargetFailure } from '../target-failure';
import type { FleetPolicy } from './fleet-policy';
import type { Member } from './member';
import type { Roster } from './roster';

/** Maximum duration of a health check, in milliseconds. */
const MOST_MS = 1000;

/** How much longer a check after a failed one may take: a busy machine can delay one check, but hardly both. */
const PATIENCE = 1.5;

/** Time in milliseconds before a failed check is repeated. It doubles while the target is down. */
const REPEAT_MS = 250;

/** Failed checks in a row after which a target is down. */
const MOST_FAILURES = 2;

/** The health checks of a target, one after the other. */
export class HealthCheck<C extends Connection> {
  private failures = 0;
  private startedAt = -Infinity;
  private running: Attempt | undefined;
  /** Cancels the next check, or the time limit of this one. */
  private cancelTimer: () => void = () => undefined;
  private isStopped = false;

  constructor(
    private readonly member: Member<C>,
    private readonly roster: Roster<C>,
    private readonly policy: FleetPolicy,
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  /** Duration of the next check at most, in milliseconds. The check that decides has more time. */
  private get limitMs(): number {
    return Math.min(MOST_MS, this.policy.timeouts.connectMs) * (this.failures === 0 ? 1 : PATIENCE);
  }

  /** Checks the target now, unless a check is running or one has begun in the last `spacingMs`. */
  hurry(spacingMs = REPEAT_MS): void {
    if (this.running || this.clock.now() - this.startedAt < spacingMs) return;
    this.begin();
  }

  /** Sets the time of the next check again, after the state of the target has changed. */
  reschedule(): void {
    if (!this.running) this.schedule();
  }

  /** Checks the target now. */
  begin(): void {
    if (this.isStopped) return;
    this.cancelTimer();
    this.startedAt = this.clock.now();
    const { limitMs } = this;
    const attempt = new Attempt(this.startedAt + limitMs);
    this.running = attempt;
    this.cancelTimer = this.clock.after(limitMs, () => {
      // If this process was busy, the response may have arrived, and is read before this is called.
      this.clock.soon(() => {
        if (this.running !== attempt) return;
        attempt.cancel();
        this.ended(attempt, new TargetFailure('broken', `a health check took over ${limitMs} ms`));
      });
    });
    startCheck(this.member.connection, attempt).then(
      () => this.ended(attempt, undefined),
      (error: unknown) => this.ended(attempt, error),
    );
  }

  /** Ends the checks. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
    this.running?.cancel();
    this.running = undefined;
  }

  private ended(attempt: Attempt, error: unknown): void {
    if (this.running !== attempt) return;
    this.running = undefined;
    const now = this.clock.now();
    if (error === undefined) {
      this.failures = 0;
      this.member.avoidedUntil = 0;
      this.roster.passed(this.member, now);
    } else if (kindOf(error) !== 'overloaded' || this.member.reach === 'unknown') {
      // A target that is too busy for the check is alive, and its state stays as it is, once it has one.
      this.failed(error, now);
    }
    this.schedule();
  }

  private failed(error: unknown, now: number): void {
    this.failures++;
    this.member.avoidedUntil = Infinity;
    const { reach } = this.member;
    const isLost = reach === 'down' || kindOf(error) === 'connect' || this.failures >= MOST_FAILURES;
    if (isLost) this.roster.lost(this.member, reasonOf(error), now);
  }

  private schedule(): void {
    this.cancelTimer();
    if (this.isStopped) return;
    this.cancelTimer = this.clock.after(this.delay(), () => this.begin());
  }

  private delay(): number {
    const { healthIntervalMs } = this.policy;
    const jitter = 0.9 + 0.2 * this.random();
    if (this.failures > 0) return Math.min(healthIntervalMs, REPEAT_MS * 2 ** (this.failures - 1)) * jitter;
    if (!this.member.isEjected) return healthIntervalMs * jitter;
    return Math.min(healthIntervalMs * jitter, Math.max(0, this.member.ejections.until - this.clock.now()));
  }
}

/** Begins a check. What it throws becomes a rejection. */
async function startCheck(connection: Connection, attempt: Attempt): Promise<void> {
  await connection.check(attempt);
}

function kindOf(error: unknown): string | undefined {
  return error instanceof TargetFailure ? error.kind : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof TargetFailure ? error.message : 'its health check failed in an unexpected way';
}
