/** Factor by which each new run reduces the weight of earlier runs: about a third is left after 20. */
const DECAY = 0.95;
/** Runs needed for an estimate. The first runs are slower than later ones. */
const MIN_RUNS = 3;
/** A run is clipped to this multiple of its estimate, because it may have been delayed by something else. */
const OUTLIER = 3;

/**
 * Estimates the duration of a run from its number of rows: a line fitted to previous runs by weighted least squares,
 * with less weight for older runs.
 */
export class RunEstimate {
  private count = 0;
  private runs = 0;
  private rows = 0;
  private ms = 0;
  private rowsRows = 0;
  private rowsMs = 0;

  /** Records a run of `rows` rows that took `tookMs`. */
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

  /** Estimated duration of a run of `rows` rows, in milliseconds; 0 before the third run. */
  of(rows: number): number {
    if (this.count < MIN_RUNS) return 0;
    const meanRows = this.rows / this.runs;
    return this.ms / this.runs + (this.slope ?? 0) * (rows - meanRows);
  }

  /** Estimated duration that does not depend on the rows, in milliseconds; 0 while it is unknown. */
  get fixedMs(): number {
    return this.count < MIN_RUNS || this.slope === undefined ? 0 : this.of(0);
  }

  /** Milliseconds per row; undefined if all runs had one size. */
  private get slope(): number | undefined {
    const meanRows = this.rows / this.runs;
    const meanMs = this.ms / this.runs;
    const variance = this.rowsRows / this.runs - meanRows * meanRows;
    if (variance < 1e-6 * meanRows * meanRows) return undefined;
    const slope = (this.rowsMs / this.runs - meanRows * meanMs) / variance;
    // Keep the costs per row and per run non-negative, despite noise.
    return Math.min(Math.max(0, slope), meanMs / meanRows);
  }
}
