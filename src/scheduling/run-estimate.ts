/** How much each run counts less for every later one: after 20 runs, about a third. */
const DECAY = 0.95;

/**
 * How long a run of so many rows takes, learned from the runs there have been: a straight line, by least squares in
 * which older runs count less.
 */
export class RunEstimate {
  private runs = 0;
  private rows = 0;
  private ms = 0;
  private rowsRows = 0;
  private rowsMs = 0;

  /** A run of `rows` rows took `ms`. */
  observe(rows: number, ms: number): void {
    this.runs = this.runs * DECAY + 1;
    this.rows = this.rows * DECAY + rows;
    this.ms = this.ms * DECAY + ms;
    this.rowsRows = this.rowsRows * DECAY + rows * rows;
    this.rowsMs = this.rowsMs * DECAY + rows * ms;
  }

  /** Milliseconds that a run of `rows` rows is expected to take; 0 before the first run. */
  of(rows: number): number {
    if (this.runs === 0) return 0;
    const meanRows = this.rows / this.runs;
    const meanMs = this.ms / this.runs;
    const variance = this.rowsRows / this.runs - meanRows * meanRows;
    // Runs that were all of one size tell nothing of others.
    if (variance < 1e-6 * meanRows * meanRows) return meanMs;
    const slope = (this.rowsMs / this.runs - meanRows * meanMs) / variance;
    // Between no cost of a row and no cost of a run: noise must not lead to more.
    const bounded = Math.min(Math.max(0, slope), meanMs / meanRows);
    return meanMs + bounded * (rows - meanRows);
  }
}
