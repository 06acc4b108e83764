/** Responses to observe before each change of the delay. */
const WINDOW = 128;
/** Share of the margin to the target that is added to the delay. */
const STEP = 0.5;
/** Smallest step to try, as a share of the target. */
const MIN_STEP = 0.05;
/** Factor by which batches must grow for a longer delay to pay off. */
const MIN_GAIN = 1.05;
/** Windows to wait after a delay that was too long or did not pay off, before a longer one is tried. */
const COOLDOWN = 100;

/**
 * Adapts the batch window to a latency target. The delay grows while the 99th percentile of latency meets the target
 * and longer delays give larger batches. It is halved when the target is missed, and is 0 if a delay gains nothing.
 */
export class AdaptiveDelay {
  /** The current delay, in milliseconds. */
  ms = 0;
  private times: number[] = [];
  private rows = 0;
  private runs = 0;
  /** The delay and the batch size before the longer delay that is being tried. */
  private baseline: { readonly ms: number; readonly rows: number } | undefined;
  private cooldown = 0;

  /** @param targetMs target for the 99th percentile of latency, from arrival to response. */
  constructor(readonly targetMs: number) {}

  /** Records a request that was answered after `ms`. */
  answered(ms: number): void {
    if (this.times.push(ms) < WINDOW) return;
    const p99 = this.times.toSorted((one, other) => one - other)[Math.floor(WINDOW * 0.99)]!;
    const rows = this.rows / Math.max(1, this.runs);
    this.times = [];
    this.rows = this.runs = 0;
    this.adjust(p99, rows);
  }

  /** Records a run of `rows` rows. */
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
