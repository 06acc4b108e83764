/** Time as the scheduler needs it, so that tests can run under virtual time. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls `action` once, `ms` from now, unless the returned function is called before. */
  after(ms: number, action: () => void): () => void;
  /** Calls `action` once, when everything that has already arrived has been handled. */
  soon(action: () => void): void;
}

/** The real time. Its timers do not keep the process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms).unref();
    return () => clearTimeout(timer);
  },
  soon: (action) => setImmediate(action),
};
