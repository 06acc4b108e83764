/** Time as tokens and the keys of their issuer see it. Tests replace it. */
export interface OidcClock {
  /** Milliseconds since 1970. It jumps when somebody sets the clock, and the lifetime of tokens follows. */
  wallMs(): number;
  /** Monotonic time in milliseconds, for intervals. */
  steadyMs(): number;
  /** Calls `action` once after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** Real time. Its timers do not keep the process alive. */
export const REAL_CLOCK: OidcClock = {
  wallMs: () => Date.now(),
  steadyMs: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms).unref();
    return () => clearTimeout(timer);
  },
};
