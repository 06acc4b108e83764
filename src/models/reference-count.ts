/** Counts the requests that use a model version, including requests that are still being received. */
export class ReferenceCount {
  /** Time of the last acquisition, on the `performance.now()` clock. */
  lastAcquired = performance.now();
  private count = 0;
  private whenUnused: (() => void) | undefined;

  /** Whether any references exist. */
  get inUse(): boolean {
    return this.count > 0;
  }

  /** Adds a reference. Call {@link release} once to remove it. */
  acquire(): void {
    this.count++;
    this.lastAcquired = performance.now();
  }

  /** Removes a reference. */
  release(): void {
    this.count--;
    if (this.count === 0) this.whenUnused?.();
  }

  /** Resolves when no references remain. */
  async unused(): Promise<void> {
    if (this.inUse) await new Promise<void>((resolve) => (this.whenUnused = resolve));
  }
}
