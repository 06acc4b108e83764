import { errors } from './errors';

/** Maximum timer. A longer one would fire immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Settles as `work` does, if it does so before `deadline`, a time on the `performance.now()` clock.
 * @throws NexusError deadline_exceeded, with `where` in its message, if the deadline passes first. `work` continues.
 */
export function withinDeadline<T>(work: Promise<T>, deadline: number, where: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ms = Math.min(deadline - performance.now(), MAX_TIMER_MS);
    const timer = setTimeout(() => reject(errors.deadlineExceeded(where)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
