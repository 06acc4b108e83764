const FIRST_MS = 1000;
const MOST_MS = 30_000;

/** Time in use, in milliseconds, that makes up for one ejection. */
const FORGIVEN_AFTER_MS = 10_000;

/** Whether a target is ejected, and for how long: 1 s, and twice as long each time, up to 30 s. */
export class Ejections {
  /** When the ejection may end, in milliseconds; 0 while the target is not ejected. */
  until = 0;
  private level = 0;
  private returnedAt = -Infinity;

  /** Begins an ejection. Every 10 s in use since the last one halve its duration, down to 1 s. */
  begin(now: number): void {
    const forgiven = Math.floor((now - this.returnedAt) / FORGIVEN_AFTER_MS);
    this.level = Math.max(0, this.level - forgiven);
    this.until = now + Math.min(MOST_MS, FIRST_MS * 2 ** this.level);
    // Beyond the longest ejection, more of them would only take longer to forgive.
    if (FIRST_MS * 2 ** this.level < MOST_MS) this.level++;
  }

  /** Ends the ejection. */
  end(now: number): void {
    this.until = 0;
    this.returnedAt = now;
  }
}
