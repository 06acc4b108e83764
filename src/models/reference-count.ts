/** The requests that use a model version, some of which may still be read. */
export class Users {
  /** When one of them last came, on the `performance.now()` clock. */
  lastCame = performance.now();
  private count = 0;
  private whenGone: (() => void) | undefined;

  /** Whether there are any. */
  get present(): boolean {
    return this.count > 0;
  }

  /** One comes. */
  enter(): void {
    this.count++;
    this.lastCame = performance.now();
  }

  /** One that came has what it needed. */
  leave(): void {
    this.count--;
    if (this.count === 0) this.whenGone?.();
  }

  /** Resolves when there are none. */
  async gone(): Promise<void> {
    if (this.present) await new Promise<void>((resolve) => (this.whenGone = resolve));
  }
}
