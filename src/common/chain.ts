/**
 * Applies `work` to `value`, synchronously unless `value` is a promise. For small messages, awaiting a promise would
 * cost more than the work.
 */
export function chain<T, U>(value: T | Promise<T>, work: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(work) : work(value);
}
