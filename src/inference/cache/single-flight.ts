import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { withinDeadline } from '../../common/within-deadline';

/** Where the request was when its deadline passed. */
const WHILE_COMPUTED = 'while its response was computed';

/** Codes of the errors about the limits of a caller. */
const OF_LIMITS: readonly string[] = ['rate_limited', 'above_quota', 'limits_unavailable'];

/** A request that waits for a response; see InferenceRequest. */
export interface Waiter {
  readonly deadline: number;
  readonly abandoned: (() => boolean) | undefined;
}

/** A computation and the requests that wait for it. */
interface Flight<T> {
  readonly waiters: Waiter[];
  readonly result: Promise<T>;
}

/** Shares one computation between all equal requests that arrive while it is in flight. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /**
   * The result of `compute`, or of the computation in flight for `key`. `compute` receives all its waiters as one: with
   * the latest deadline, and abandoned if all of them are gone. `isFirst` is whether it was started for this waiter.
   * @throws NexusError deadline_exceeded at the deadline of this waiter, while other waiters continue to wait. An error
   * of the computation is thrown to all waiters, except one that is about the first waiter: the others then start again.
   */
  async join(
    key: string,
    waiter: Waiter,
    compute: (all: Waiter) => Promise<T>,
  ): Promise<{ readonly result: T; readonly isFirst: boolean }> {
    const running = this.flights.get(key);
    running?.waiters.push(waiter);
    const flight = running ?? this.begin(key, waiter, compute);
    try {
      const result = await withinDeadline(flight.result, waiter.deadline, WHILE_COMPUTED);
      return { result, isFirst: running === undefined };
    } catch (error) {
      // All earlier waiters were gone, and this one joined while the computation was being cancelled. Or the limits of the
      // first one, whose request counts the tokens, were reached.
      if (running !== undefined && isOfOthers(error) && !isGone(waiter))
        return this.join(key, waiter, compute);
      throw isCancelled(error) ? ownReason(error, waiter) : error;
    }
  }

  private begin(key: string, first: Waiter, compute: (all: Waiter) => Promise<T>): Flight<T> {
    const waiters = [first];
    const result = compute(combined(waiters)).finally(() => this.flights.delete(key));
    const flight = { waiters, result };
    this.flights.set(key, flight);
    return flight;
  }
}

/** `waiters` as one. More waiters may be added later. */
function combined(waiters: readonly Waiter[]): Waiter {
  return {
    get deadline() {
      return waiters.reduce((latest, { deadline }) => Math.max(latest, deadline), -Infinity);
    },
    abandoned: () => waiters.every(isGone),
  };
}

/** The error for `waiter` after the computation was cancelled with `error`: its deadline passed, or its client is gone. */
function ownReason(error: unknown, { deadline, abandoned }: Waiter): unknown {
  const isLate = abandoned?.() !== true && deadline <= performance.now();
  return isLate ? errors.deadlineExceeded(WHILE_COMPUTED) : error;
}

function isCancelled(error: unknown): boolean {
  return error instanceof NexusError && (error.code === 'cancelled' || error.code === 'deadline_exceeded');
}

/** Whether `error` may be about other waiters only. */
function isOfOthers(error: unknown): boolean {
  return isCancelled(error) || (error instanceof NexusError && OF_LIMITS.includes(error.code));
}

function isGone({ deadline, abandoned }: Waiter): boolean {
  return deadline <= performance.now() || abandoned?.() === true;
}
