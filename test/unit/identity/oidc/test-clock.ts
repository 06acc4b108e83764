import type { OidcClock } from '../../../../src/identity/oidc/oidc-clock';

/** When the wall clock of tests starts, in milliseconds since 1970. */
export const START = Date.UTC(2026, 0, 1);

/** Time that passes only when a test says so. */
export class TestClock implements OidcClock {
  private readonly timers = new Set<{ at: number; action: () => void }>();
  private time = 0;
  /** What somebody has set the wall clock forward by, in milliseconds; negative for back. */
  jumpedMs = 0;

  wallMs(): number {
    return START + this.time + this.jumpedMs;
  }

  steadyMs(): number {
    return this.time;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.time + ms, action };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Lets `ms` pass at once, and then calls what has become due meanwhile, in order. */
  pass(ms: number): void {
    this.time += ms;
    const due = [...this.timers]
      .filter(({ at }) => at <= this.time)
      .toSorted((one, other) => one.at - other.at);
    for (const timer of due) {
      this.timers.delete(timer);
      timer.action();
    }
  }
}
