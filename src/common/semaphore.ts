/** A counting semaphore: limits the number of concurrent tasks. Further tasks wait in order of arrival. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  /** @param permits number of tasks that may run concurrently. */
  constructor(private permits: number) {}

  /** Runs `task` as soon as a permit is available. Settles as `task` does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.permits > 0) this.permits--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.permits++;
      else next();
    }
  }
}
