/** The clock of everything that waits. Tests replace it with virtual time. */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, action: () => void): () => void;
  /** Calls `action` once, after all pending events have been handled. */
  soon(action: () => void): void;
}

/** Real time. Its timers do not keep the process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms).unref();
    return () => clearTimeout(timer);
  },
  soon: (action) => setImmediate(action),
};
