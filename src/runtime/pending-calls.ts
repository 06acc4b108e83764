import type { FromRunner } from './messages';
import { RunFailure } from './run-failure';

/** A message to a runner whose response has not arrived. */
export interface PendingCall {
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
 * The messages to a runner whose responses have not arrived. A runner handles messages one at a time and in order, so the
 * time limit of a message starts when the response to the previous one arrives.
 */
export class PendingCalls {
  private readonly pending: PendingCall[] = [];
  /** When the runner started to work on the first one. */
  private startedAt = 0;
  /** One timer for all calls. It is set again if it fires too early. */
  private timer: NodeJS.Timeout | undefined;
  private firesAt = Infinity;

  /** @param exceeded called when the current call exceeds its time limit, before it is rejected. */
  constructor(private readonly exceeded: (call: PendingCall) => void) {}

  /** The call that the runner works on; undefined if it is idle. */
  get current(): PendingCall | undefined {
    return this.pending[0];
  }

  add(call: PendingCall): void {
    if (this.pending.push(call) === 1) this.start(call);
  }

  /** Resolves the current call. */
  answered(answer: FromRunner): void {
    const call = this.pending.shift()!;
    const { startedAt } = this;
    const [next] = this.pending;
    if (next !== undefined) this.start(next);
    call.resolve(answer, startedAt);
  }

  /** Rejects the current call with `kind`, and the others with `never_ran`. */
  end(kind: 'died' | 'interrupted' | 'timeout', reason: string): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const [current, ...others] = this.pending.splice(0);
    current?.reject(new RunFailure(kind, reason));
    for (const call of others) call.reject(new RunFailure('never_ran', reason));
  }

  private start({ limitMs }: PendingCall): void {
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
