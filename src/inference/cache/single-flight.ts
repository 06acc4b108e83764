import { errors, NexusError } from '../../common/errors';
import { withinDeadline } from '../../common/within-deadline';

/** Where a waiter was when its deadline passed. */
const WHILE_COMPUTED = 'while its answer was computed';

/** Who waits for an answer; see InferenceRequest. */
export interface Waiter {
  readonly deadline: number;
  readonly abandoned: (() => boolean) | undefined;
}

/** One computation, and those who wait for it. */
interface Flight<T> {
  readonly waiters: Waiter[];
  readonly result: Promise<T>;
}

/** Lets one computation answer all equal requests that come while it is under way. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /**
   * What `compute` comes to, or the one that is under way for `key`. It is told all that wait for it as if they were one: with
   * the latest of their deadlines, and abandoned when all have gone. `isFirst` is whether it was begun for this waiter.
   * @throws NexusError deadline_exceeded at the deadline of the waiter, while the others wait on; what the
   * computation throws, for all of them.
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
      // Those before this one were gone, and it came in the moment that the computation was given up.
      if (running !== undefined && isGivenUp(error) && !isGone(waiter))
        return this.join(key, waiter, compute);
      throw isGivenUp(error) ? ownReason(error, waiter) : error;
    }
  }

  private begin(key: string, first: Waiter, compute: (all: Waiter) => Promise<T>): Flight<T> {
    const waiters = [first];
    const result = compute(together(waiters)).finally(() => this.flights.delete(key));
    const flight = { waiters, result };
    this.flights.set(key, flight);
    return flight;
  }
}

/** `waiters`, of whom there may soon be more, as one. */
function together(waiters: readonly Waiter[]): Waiter {
  return {
    get deadline() {
      return waiters.reduce((latest, { deadline }) => Math.max(latest, deadline), -Infinity);
    },
    abandoned: () => waiters.every(isGone),
  };
}

/** Why `waiter` gets no answer when the computation was given up with `error`: some may have left, and it was too late for others. */
function ownReason(error: unknown, { deadline, abandoned }: Waiter): unknown {
  const isLate = abandoned?.() !== true && deadline <= performance.now();
  return isLate ? errors.deadlineExceeded(WHILE_COMPUTED) : error;
}

function isGivenUp(error: unknown): boolean {
  return error instanceof NexusError && (error.code === 'cancelled' || error.code === 'deadline_exceeded');
}

function isGone({ deadline, abandoned }: Waiter): boolean {
  return deadline <= performance.now() || abandoned?.() === true;
}
