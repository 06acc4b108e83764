import { errors } from '../common/errors';
import type { NexusError } from '../common/nexus-error';
import type { Clock } from '../common/clock';
import type { Job } from './job';
import { observerOf, type SchedulerObserver } from './observer';
import type { Queue } from './queue';
import { RunEstimate } from './run-estimate';
import { fullWork, workOf } from './work';
import type { SchedulerLimits } from './limits';
import type { Instance } from './instance';

/** The queue limit that a job would exceed. */
interface Overflow {
  /** Description for the error message. */
  readonly text: string;
  /** How much to evict to make room; absent if eviction does not help. */
  readonly excess?: { readonly rows: number; readonly bytes: number };
}

/**
 * A request is admitted if the time to its deadline is at least this multiple of its estimated completion time. Under
 * overload, all admitted requests are close to their deadlines, and run times vary.
 */
const MARGIN = 1.25;

/** Admission control: admits requests that fit in the queue and can complete before their deadline. */
export class Admission {
  /** Estimated duration of runs. */
  readonly estimate = new RunEstimate();
  /** When the runs in flight are expected to end. */
  private readonly expectedEnds = new Map<Instance, number>();

  constructor(
    private readonly model: string,
    private readonly queue: Queue,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {}

  /** Records that `instance` starts a run that costs `work`. */
  runStarted(instance: Instance, work: number): void {
    this.expectedEnds.set(instance, this.clock.now() + this.estimate.of(work));
  }

  /** Records that the run on `instance` has ended. */
  runEnded(instance: Instance): void {
    this.expectedEnds.delete(instance);
  }

  /**
   * Returns why `job` is rejected, or undefined if it is admitted. When the queue is full, requests of a caller with
   * more than its share may be evicted to make room.
   */
  refusalOf(job: Job, limits: SchedulerLimits, instances: number, idle: number): NexusError | undefined {
    // An empty queue admits any request. Otherwise one larger than the queue could never run.
    if (this.queue.length === 0) return undefined;
    const leftMs = job.deadline - this.clock.now();
    const waitMs = leftMs === Infinity ? 0 : this.expectedMs(job, limits, instances, idle);
    if (waitMs * MARGIN > leftMs) {
      observerOf(job, this.observer).refused('deadline');
      return errors.deadlineUnmeetable(this.model, waitMs, leftMs);
    }
    const overflow = overflowOf(job, this.queue, limits);
    if (overflow === undefined || this.makesRoom(job, overflow)) return undefined;
    observerOf(job, this.observer).refused('queue_full');
    return errors.queueFull(this.model, overflow.text);
  }

  /** Estimated milliseconds until a request that is queued now starts to run; 0 if unknown. */
  waitMs(limits: SchedulerLimits, instances: number, idle: number): number {
    if (instances === 0 || (idle > 0 && this.queue.length === 0)) return 0;
    const maxWork = fullWork(limits);
    const runsBefore = Math.floor(this.queue.work / maxWork);
    return this.freeMs(idle) + Math.floor(runsBefore / instances) * this.estimate.of(maxWork);
  }

  /** Estimated milliseconds until an instance is idle. */
  private freeMs(idle: number): number {
    return idle > 0 ? 0 : Math.max(0, Math.min(...this.expectedEnds.values()) - this.clock.now());
  }

  /** Estimated milliseconds until `job` completes if it is queued now; 0 (unknown) without instances. */
  private expectedMs(job: Job, limits: SchedulerLimits, instances: number, idle: number): number {
    if (instances === 0) return 0;
    const own = workOf(job, limits);
    const maxWork = fullWork(limits);
    const work = this.queue.workBefore(job, own) + own;
    const runsBefore = Math.floor(Math.max(0, work - 1) / maxWork);
    const fullMs = this.estimate.of(maxWork);
    const ownMs = runsBefore > 0 ? fullMs : this.estimate.of(work);
    return this.freeMs(idle) + Math.floor(runsBefore / instances) * fullMs + ownMs;
  }

  private makesRoom(job: Job, { text, excess }: Overflow): boolean {
    if (excess === undefined) return false;
    const displaced = new Set(
      this.queue.displace(job, excess.rows, excess.bytes).map(({ ticket }) => ticket),
    );
    for (const ticket of displaced) {
      observerOf(ticket.job, this.observer).refused('displaced');
      ticket.reject(
        errors.queueFull(
          this.model,
          `${text}, and this request was evicted for a client with a smaller share`,
        ),
      );
    }
    return displaced.size > 0;
  }
}

/** The limit that a job would exceed in `queue`; undefined if it fits. */
function overflowOf(
  { rows, byteLength, priority }: Job,
  queue: Queue,
  { maxQueueRows, maxQueueBytes, maxQueueRequests }: SchedulerLimits,
): Overflow | undefined {
  const most = maxQueueRequests?.(priority) ?? Infinity;
  const waiting = queue.lengthOf(priority);
  if (waiting >= most) return { text: `${waiting} of ${most} requests queued` };
  const excess = {
    rows: Math.max(0, queue.rows + rows - maxQueueRows),
    bytes: Math.max(0, queue.bytes + byteLength - maxQueueBytes),
  };
  if (excess.rows > 0) return { text: `${queue.rows} of ${maxQueueRows} rows queued`, excess };
  if (excess.bytes > 0) return { text: `${queue.bytes} of ${maxQueueBytes} bytes queued`, excess };
  return undefined;
}
