import { errors, type NexusError } from '../common/errors';
import type { Clock } from './clock';
import type { Job } from './job';
import { observerOf, type SchedulerObserver } from './observer';
import type { Queue } from './queue';
import { RunEstimate } from './run-estimate';
import type { SchedulerLimits } from './limits';
import type { Instance } from './instance';

/** Which limit of the queue a job would exceed. */
interface Overflow {
  /** For the text of its error. */
  readonly text: string;
  /** How much would have to be evicted for it; absent where that does not help. */
  readonly excess?: { readonly rows: number; readonly bytes: number };
}

/**
 * A request is admitted if so many times the expected time is left before its deadline. Under overload all that is
 * admitted is close to its deadline, and runs vary.
 */
const MARGIN = 1.25;

/** Admission control: takes requests for which there is room in the queue, and time before their deadline. */
export class Admission {
  /** How long runs take. */
  readonly estimate = new RunEstimate();
  /** When the runs in flight are expected to end. */
  private readonly expectedEnds = new Map<Instance, number>();

  constructor(
    private readonly model: string,
    private readonly queue: Queue,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {}

  /** A run of `rows` rows starts. */
  runStarted(instance: Instance, rows: number): void {
    this.expectedEnds.set(instance, this.clock.now() + this.estimate.of(rows));
  }

  /** The run on `instance` is over. */
  runEnded(instance: Instance): void {
    this.expectedEnds.delete(instance);
  }

  /**
   * Why `job` is not admitted; undefined when it is. In a full queue, requests of a caller with more than its share are
   * displaced instead.
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
    const overflow = overflowOf(job, this.queue, limits);
    if (overflow === undefined || this.makesRoom(job, overflow)) return undefined;
    observerOf(job, this.observer).refused('queue_full');
    return errors.queueFull(this.model, overflow.text);
  }

  /** When `job` would be answered if it joined the queue, in milliseconds from now. Without instances, nothing is known. */
  private expectedMs(job: Job, maxRows: number, instances: number, idle: number): number {
    if (instances === 0) return 0;
    const freeMs = idle > 0 ? 0 : Math.max(0, Math.min(...this.expectedEnds.values()) - this.clock.now());
    const rows = this.queue.rowsBefore(job) + job.rows;
    const runsBefore = Math.floor(Math.max(0, rows - 1) / maxRows);
    const fullMs = this.estimate.of(maxRows);
    const ownMs = runsBefore > 0 ? fullMs : this.estimate.of(rows);
    return freeMs + Math.floor(runsBefore / instances) * fullMs + ownMs;
  }

  private makesRoom(job: Job, { text, excess }: Overflow): boolean {
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

/** Which limit a job would exceed in `queue`; undefined when there is room. */
function overflowOf(
  { rows, byteLength, priority }: Job,
  queue: Queue,
  { maxQueueRows, maxQueueBytes, maxQueueRequests }: SchedulerLimits,
): Overflow | undefined {
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
