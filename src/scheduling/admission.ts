import { errors, type NexusError } from '../common/errors';
import type { Clock } from './clock';
import type { Job } from './job';
import { observerOf, type SchedulerObserver } from './observer';
import type { Queue } from './queue';
import { RunEstimate } from './run-estimate';
import type { SchedulerLimits } from './limits';
import type { Instance } from './instance';

/** What of a queue is in the way of a job, for the text of its error. */
interface Obstacle {
  readonly text: string;
  /** How much would have to leave for it; absent where that is of no use. */
  readonly excess?: { readonly rows: number; readonly bytes: number };
}

/**
 * What is refused for its deadline is told the expected time; what is taken has to have so many times as much. Under
 * overload all that is taken is close to its deadline, and runs are not all equally long.
 */
const MARGIN = 1.25;

/** Decides which requests are taken: those for which there is room, and time before their deadline. */
export class Admission {
  /** How long runs take. */
  readonly estimate = new RunEstimate();
  /** When runs are expected to end that are under way. */
  private readonly ends = new Map<Instance, number>();

  constructor(
    private readonly model: string,
    private readonly queue: Queue,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {}

  /** A run of `rows` rows begins. */
  begun(instance: Instance, rows: number): void {
    this.ends.set(instance, this.clock.now() + this.estimate.of(rows));
  }

  /** The run that had begun is over. */
  ended(instance: Instance): void {
    this.ends.delete(instance);
  }

  /**
   * Why `job` is not taken; undefined when it is. In a full queue, requests of a caller who has more than its share
   * are refused instead.
   */
  refusalOf(job: Job, limits: SchedulerLimits, instances: number, idle: number): NexusError | undefined {
    // An empty queue takes any request: one larger than the queue could otherwise never be served.
    if (this.queue.length === 0) return undefined;
    const leftMs = job.deadline - this.clock.now();
    const waitMs = leftMs === Infinity ? 0 : this.expectedMs(job, limits.maxBatchRows, instances, idle);
    if (waitMs * MARGIN > leftMs) {
      observerOf(job, this.observer).refused('deadline');
      return errors.deadlineUnmeetable(this.model, waitMs, leftMs);
    }
    const full = obstacle(job, this.queue, limits);
    if (full === undefined || this.makesRoom(job, full)) return undefined;
    observerOf(job, this.observer).refused('queue_full');
    return errors.queueFull(this.model, full.text);
  }

  /** When `job` would be answered if it joined the queue, in milliseconds from now. Without instances, nothing is known. */
  private expectedMs(job: Job, maxRows: number, instances: number, idle: number): number {
    if (instances === 0) return 0;
    const freeMs = idle > 0 ? 0 : Math.max(0, Math.min(...this.ends.values()) - this.clock.now());
    const rows = this.queue.rowsBefore(job) + job.rows;
    const runsBefore = Math.floor(Math.max(0, rows - 1) / maxRows);
    const fullMs = this.estimate.of(maxRows);
    const ownMs = runsBefore > 0 ? fullMs : this.estimate.of(rows);
    return freeMs + Math.floor(runsBefore / instances) * fullMs + ownMs;
  }

  private makesRoom(job: Job, { text, excess }: Obstacle): boolean {
    if (excess === undefined) return false;
    const displaced = new Set(
      this.queue.displace(job, excess.rows, excess.bytes).map(({ ticket }) => ticket),
    );
    for (const ticket of displaced) {
      observerOf(ticket.job, this.observer).refused('displaced');
      ticket.reject(errors.queueFull(this.model, `${text}, and others had a smaller share`));
    }
    return displaced.size > 0;
  }
}

/** Why there is no room for a job in `queue`; undefined when there is. */
function obstacle(
  { rows, byteLength, priority }: Job,
  queue: Queue,
  { maxQueueRows, maxQueueBytes, maxQueueRequests }: SchedulerLimits,
): Obstacle | undefined {
  const most = maxQueueRequests?.(priority) ?? Infinity;
  const waiting = queue.lengthOf(priority);
  if (waiting >= most) return { text: `${waiting} of ${most} requests wait` };
  const excess = {
    rows: Math.max(0, queue.rows + rows - maxQueueRows),
    bytes: Math.max(0, queue.bytes + byteLength - maxQueueBytes),
  };
  if (excess.rows > 0) return { text: `${queue.rows} of ${maxQueueRows} rows wait`, excess };
  if (excess.bytes > 0) return { text: `${queue.bytes} of ${maxQueueBytes} bytes wait`, excess };
  return undefined;
}
