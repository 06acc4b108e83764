/** A counting semaphore: lets a number of tasks run at a time; the others wait in the order in which they came. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  /** @param permits how many more tasks may begin. */
  constructor(private permits: number) {}

  /** Runs `task` as soon as there is a permit for it, and settles as it does. */
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
