import type { Clock } from '../../../src/common/clock';

/** Time that passes only when it is told to, in the order of the timers. */
export class VirtualClock implements Clock {
  private time = 0;
  private timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  soon(action: () => void): void {
    this.after(0, action);
  }

  /** Lets `ms` pass, with everything that happens on the way, promises included. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.time = next.at;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.action();
      await settled();
    }
    this.time = end;
  }

  private next(end: number) {
    return this.timers.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0];
  }
}

/** Resolves when all promises that can go on have gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
