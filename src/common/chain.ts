/**
 * What `work` makes of `value`, at once where `value` is no promise: for small messages, waiting for one would cost more
 * than the work.
 */
export function chain<T, U>(value: T | Promise<T>, work: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(work) : work(value);
}
