/** Answers to look at before the delay is changed. */
const WINDOW = 128;
/** Of the time that is left up to the target, so much is tried as further delay; less of the target is not worth it. */
const SHARE = 0.5;
const LEAST = 0.05;
/** A longer delay is worth it when runs have so many times the rows. */
const GAIN = 1.05;
/** So many windows pass after a delay that was too long, or not worth it, before a longer one is tried. */
const REST = 100;

/**
 * How long an idle instance waits for company, found from what comes of it: the delay grows while 99 of 100 answers
 * come within the target and the batches grow with it, and is halved as soon as they do not. It is 0 when it gains
 * nothing.
 */
export class AdaptiveDelay {
  /** In milliseconds. */
  ms = 0;
  private times: number[] = [];
  private rows = 0;
  private runs = 0;
  /** What there was before a longer delay, on trial. */
  private before: { readonly ms: number; readonly rows: number } | undefined;
  private rest = 0;

  /** @param targetMs time within which 99 of 100 requests are to be answered, counted from when they came. */
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
    const least = LEAST * this.targetMs;
    if (p99 > this.targetMs) return this.set(this.ms > least ? this.ms / 2 : 0);
    if (this.before !== undefined && rows < this.before.rows * GAIN) return this.set(this.before.ms);
    this.before = undefined;
    const more = SHARE * (this.targetMs - p99);
    if (this.rest > 0) this.rest--;
    else if (more >= least) {
      this.before = { ms: this.ms, rows };
      this.ms += more;
    }
  }

  private set(ms: number): void {
    this.ms = ms;
    this.before = undefined;
    this.rest = REST;
  }
}
