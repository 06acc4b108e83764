import type { FromRunner } from './messages';
import { RunFailure } from './run-failure';

/** A message to a runner that has not been answered. */
export interface Ask {
  /** Session that the runner works for. */
  readonly session: number;
  /** Time limit in milliseconds, from the start of the work. */
  readonly limitMs: number;
  /** Reason for the failure when the limit is exceeded, for people. */
  readonly tooLong: string;
  /** Names of the outputs; empty unless it is a run. */
  readonly outputs: readonly string[];
  /** Where outputs in the slab start. */
  readonly outputOffset: number;
  /** Called with the time when the work started, on the clock of performance.now(). */
  resolve(answer: FromRunner, startedAt: number): void;
  reject(failure: RunFailure): void;
}

/**
 * The messages that a runner has not answered. It works on one at a time, in their order, so the time limit of a message
 * starts when the one before it is answered.
 */
export class Asks {
  private readonly pending: Ask[] = [];
  /** When the work on the first one started. */
  private startedAt = 0;
  /** One timer for all, which is set again when it fires too early. */
  private timer: NodeJS.Timeout | undefined;
  private firesAt = Infinity;

  /** @param exceeded called when the current one has exceeded its time limit, before it is rejected. */
  constructor(private readonly exceeded: (ask: Ask) => void) {}

  /** The one that the runner works on; undefined if it is idle. */
  get current(): Ask | undefined {
    return this.pending[0];
  }

  add(ask: Ask): void {
    if (this.pending.push(ask) === 1) this.start(ask);
  }

  /** Resolves the current one. */
  answered(answer: FromRunner): void {
    const ask = this.pending.shift()!;
    const { startedAt } = this;
    const [next] = this.pending;
    if (next !== undefined) this.start(next);
    ask.resolve(answer, startedAt);
  }

  /** Rejects the current one with `kind`, and the others as having never run. */
  end(kind: 'died' | 'interrupted' | 'timeout', reason: string): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const [current, ...others] = this.pending.splice(0);
    current?.reject(new RunFailure(kind, reason));
    for (const ask of others) ask.reject(new RunFailure('never_ran', reason));
  }

  private start({ limitMs }: Ask): void {
    this.startedAt = performance.now();
    const deadline = this.startedAt + limitMs;
    if (this.timer !== undefined && this.firesAt <= deadline) return;
    clearTimeout(this.timer);
    this.setTimer(deadline, limitMs);
  }

  private setTimer(deadline: number, ms: number): void {
    this.firesAt = deadline;
    this.timer = setTimeout(() => this.check(), ms);
  }

  private check(): void {
    this.timer = undefined;
    const { current } = this;
    if (current === undefined) return;
    const deadline = this.startedAt + current.limitMs;
    const leftMs = deadline - performance.now();
    // Timers may fire up to a millisecond early.
    if (leftMs >= 1) return this.setTimer(deadline, leftMs);
    this.exceeded(current);
    this.end('timeout', current.tooLong);
  }
}
