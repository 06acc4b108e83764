/** Answers to look at before the delay is changed. */
const WINDOW = 128;
/** The delay grows by so much of the target at a time, and to so much at most. */
const STEP = 0.05;
const MOST = 0.5;
/** A longer delay is worth it when runs have so many times the rows. */
const GAIN = 1.05;
/** After one that was not worth it, so many windows pass before it is tried again. */
const REST = 20;

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
  /** Rows of a run before the delay was raised last. */
  private before = Infinity;
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
    if (p99 > this.targetMs) return this.shorten();
    if (this.rest > 0) return void this.rest--;
    if (this.ms > 0 && rows < this.before * GAIN) return this.giveUp();
    const longer = this.ms + STEP * this.targetMs;
    // Close to the target, it stays.
    if (p99 + STEP * this.targetMs > this.targetMs || longer > MOST * this.targetMs) return;
    this.before = rows;
    this.ms = longer;
  }

  private shorten(): void {
    this.ms = this.ms < STEP * this.targetMs ? 0 : this.ms / 2;
    this.rest = REST;
  }

  private giveUp(): void {
    this.ms = Math.max(0, this.ms - STEP * this.targetMs);
    this.rest = REST;
  }
}
