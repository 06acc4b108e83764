import { errors } from './errors';

/** A longer timer would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * What `work` comes to, if it does before `deadline`, a moment on the `performance.now()` clock.
 * @throws NexusError deadline_exceeded with `where` in its text, while `work` goes on; what `work` throws.
 */
export function withinDeadline<T>(work: Promise<T>, deadline: number, where: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ms = Math.min(deadline - performance.now(), MAX_TIMER_MS);
    const timer = setTimeout(() => reject(errors.deadlineExceeded(where)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
