/** Weight that a run keeps with each later one: about a third after 20. */
const DECAY = 0.95;
/** Fewer runs give no estimate: the first ones are slower than the others. */
const MIN_RUNS = 3;
/** A run that took longer than so many times the estimate is clipped to that: it may have been held up. */
const OUTLIER = 3;

/**
 * Estimates how long a run takes by its rows: a straight line through the runs so far, fitted by least squares in which
 * older runs weigh less.
 */
export class RunEstimate {
  private count = 0;
  private runs = 0;
  private rows = 0;
  private ms = 0;
  private rowsRows = 0;
  private rowsMs = 0;

  /** A run of `rows` rows took `tookMs`. */
  observe(rows: number, tookMs: number): void {
    const expected = this.of(rows);
    const ms = expected === 0 ? tookMs : Math.min(tookMs, OUTLIER * Math.max(1, expected));
    this.count++;
    this.runs = this.runs * DECAY + 1;
    this.rows = this.rows * DECAY + rows;
    this.ms = this.ms * DECAY + ms;
    this.rowsRows = this.rowsRows * DECAY + rows * rows;
    this.rowsMs = this.rowsMs * DECAY + rows * ms;
  }

  /** Milliseconds that a run of `rows` rows is expected to take; 0 before the third run. */
  of(rows: number): number {
    if (this.count < MIN_RUNS) return 0;
    const meanRows = this.rows / this.runs;
    const meanMs = this.ms / this.runs;
    const variance = this.rowsRows / this.runs - meanRows * meanRows;
    // Runs that were all of one size say nothing about others.
    if (variance < 1e-6 * meanRows * meanRows) return meanMs;
    const slope = (this.rowsMs / this.runs - meanRows * meanMs) / variance;
    // Neither a row nor a run costs less than nothing, whatever the noise.
    const bounded = Math.min(Math.max(0, slope), meanMs / meanRows);
    return meanMs + bounded * (rows - meanRows);
  }
}
