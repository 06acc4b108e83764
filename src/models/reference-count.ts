/** Counts the requests that use a model version, some of which may still be read. */
export class ReferenceCount {
  /** When one was last acquired, on the `performance.now()` clock. */
  lastAcquired = performance.now();
  private count = 0;
  private whenUnused: (() => void) | undefined;

  /** Whether there are references. */
  get inUse(): boolean {
    return this.count > 0;
  }

  /** Adds a reference, which {@link release} gives back. */
  acquire(): void {
    this.count++;
    this.lastAcquired = performance.now();
  }

  /** Gives one reference back. */
  release(): void {
    this.count--;
    if (this.count === 0) this.whenUnused?.();
  }

  /** Resolves when there are no references. */
  async unused(): Promise<void> {
    if (this.inUse) await new Promise<void>((resolve) => (this.whenUnused = resolve));
  }
}
