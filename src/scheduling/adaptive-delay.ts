/** Answers that are observed before the delay is changed. */
const WINDOW = 128;
/** The share of the time left up to the target by which the delay grows. */
const STEP = 0.5;
/** Steps below this share of the target are not worth trying. */
const MIN_STEP = 0.05;
/** A longer delay pays when batches grow by this factor. */
const MIN_GAIN = 1.05;
/** Windows that pass after a delay that was too long, or did not pay, before a longer one is tried. */
const COOLDOWN = 100;

/**
 * The batch window, adapted to a target: the delay grows while the 99th percentile of latency is within the target and
 * batches grow with it, and is halved as soon as it is not. It is 0 where a delay gains nothing.
 */
export class AdaptiveDelay {
  /** In milliseconds. */
  ms = 0;
  private times: number[] = [];
  private rows = 0;
  private runs = 0;
  /** The delay and the batch size before the longer delay that is on trial. */
  private baseline: { readonly ms: number; readonly rows: number } | undefined;
  private cooldown = 0;

  /** @param targetMs the 99th percentile of latency to stay within, from arrival to answer. */
  constructor(readonly targetMs: number) {}

  /** A request was answered after `ms`. */
  answered(ms: number): void {
    if (this.times.push(ms) < WINDOW) return;
    const p99 = this.times.toSorted((one, other) => one - other)[Math.floor(WINDOW * 0.99)]!;
    const rows = this.rows / Math.max(1, this.runs);
    this.times = [];
    this.rows = this.runs = 0;
    this.adjust(p99, rows);
  }

  /** A run had so many rows. */
  ran(rows: number): void {
    this.rows += rows;
    this.runs++;
  }

  private adjust(p99: number, rows: number): void {
    const minStep = MIN_STEP * this.targetMs;
    if (p99 > this.targetMs) return this.set(this.ms > minStep ? this.ms / 2 : 0);
    if (this.baseline !== undefined && rows < this.baseline.rows * MIN_GAIN)
      return this.set(this.baseline.ms);
    this.baseline = undefined;
    const step = STEP * (this.targetMs - p99);
    if (this.cooldown > 0) this.cooldown--;
    else if (step >= minStep) {
      this.baseline = { ms: this.ms, rows };
      this.ms += step;
    }
  }

  private set(ms: number): void {
    this.ms = ms;
    this.baseline = undefined;
    this.cooldown = COOLDOWN;
  }
}
