import type { Clock } from '../common/clock';
import type { SchedulerLimits } from './limits';
import type { Queue } from './queue';
import type { RunEstimate } from './run-estimate';
import { fullWork } from './work';

/** Models with a lower cost per run do not wait. Their batches grow enough while one runs. */
const MIN_FIXED_MS = 10;

/** Longest wait, in milliseconds: enough for a few dozen clients to receive responses and send the next requests. */
const MAX_WAIT_MS = 20;

/** How much longer than estimated a run may take while deadlines are met. */
const MARGIN = 2;

/**
 * Lets the clients of a batch that has run join the next one. Clients that send one request after another otherwise split
 * into groups that take turns, in small batches. A batch of a model with large weights has a high fixed cost, because the
 * weights are read once per run. Waits at most half of that cost, so that a wait in vain costs less than another run.
 */
export class Gathering {
  /** End of the wait; -Infinity if there is none. */
  private until = -Infinity;
  /** Number of queued rows that end the wait. */
  private enough = 0;
  /** A queued request with a deadline before this time ends the wait. */
  private finished = 0;
  private cancel: () => void = () => {};

  /** @param done called when the time of a wait is over. */
  constructor(
    private readonly queue: Queue,
    private readonly clock: Clock,
    private readonly done: () => void,
  ) {}

  /** Starts to wait after a run of `rows` rows, if that pays according to `estimate`. */
  begin(rows: number, estimate: RunEstimate, limits: SchedulerLimits): void {
    const { fixedMs } = estimate;
    if (fixedMs <= MIN_FIXED_MS) return;
    const ms = Math.min(fixedMs / 2, MAX_WAIT_MS);
    this.until = this.clock.now() + ms;
    this.enough = Math.min(limits.maxBatchRows, this.queue.rows + rows);
    this.finished = this.until + MARGIN * estimate.of(fullWork(limits));
    this.cancel();
    this.cancel = this.clock.after(ms, () => {
      // Timers may fire up to a millisecond early, and there is no other.
      this.until = -Infinity;
      this.done();
    });
  }

  /** Whether the next batch waits for more requests. Ends the wait if it need not. */
  holdsBack(): boolean {
    if (this.until === -Infinity) return false;
    const isEarly = this.queue.rows < this.enough && this.clock.now() < this.until;
    if (isEarly && this.queue.earliest.deadline > this.finished) return true;
    this.until = -Infinity;
    this.cancel();
    return false;
  }
}
