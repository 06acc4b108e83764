import { errors } from '../common/errors';
import type { NexusError } from '../common/nexus-error';
import type { RunTimes } from '../common/run-times';
import { RunFailure } from '../runtime/run-failure';
import { gather, isDivisible, joinParts, outputsOf, scatter, tokensOf, totalRows, type Batch } from './batch';
import { AdaptiveDelay } from './adaptive-delay';
import { Admission } from './admission';
import type { Clock } from '../common/clock';
import { Ticket, type Job, type JobResult, type Part } from './job';
import { BatchCheck } from './batch-check';
import { Gathering } from './gathering';
import type { SchedulerLimits } from './limits';
import { observerOf, type SchedulerLoad, type SchedulerObserver } from './observer';
import { Queue, type BatchWindow } from './queue';
import { recover, unbatched } from './recovery';
import type { Instance } from './instance';
import { traceRun } from './trace-run';
import { fullWork, workOf, workOfRun } from './work';

/** Responses to write before yielding to the event loop: about a millisecond at a few kilobytes each. */
const RESPONSES_PER_SLICE = 16;

/** How late a timer may fire. */
const TIMER_SLACK_MS = 10;

/** How often the queue is swept for jobs whose deadline has passed or whose client has disconnected. */
const SWEEP_MS = 50;

/**
 * Runs the jobs of one model version on its instances, in dynamic batches. An idle instance immediately takes what is
 * queued, up to the batch limit; see {@link Gathering} for the exception. While all instances are busy, batches grow.
 */
export class Scheduler {
  private readonly queue = new Queue();
  /** Retries of failed batches. They run before the queue. */
  private readonly retries: Batch[] = [];
  private readonly instances = new Set<Instance>();
  private readonly idle: Instance[] = [];
  private readonly removals = new Map<Instance, () => void>();
  private readonly admission: Admission;
  private readonly check: BatchCheck;
  private readonly gathering: Gathering;
  private delay: AdaptiveDelay | undefined;
  private running = 0;
  private dispatching = false;
  private sweeping = false;
  private cancelWakeUp: () => void = () => {};
  /** Called once, when nothing is queued or running. */
  private readonly drainListeners: (() => void)[] = [];

  constructor(
    private readonly model: string,
    private limits: SchedulerLimits,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {
    this.admission = new Admission(model, this.queue, clock, observer);
    this.check = new BatchCheck(clock, observer);
    this.gathering = new Gathering(this.queue, clock, () => this.dispatch());
    this.limit(limits);
  }

  /** Resolves when verification turns batching off, with the name of an output whose rows depend on each other. */
  get mixed(): Promise<string> {
    return this.check.failed;
  }

  /** The current load. */
  get load(): SchedulerLoad {
    const { rows: waitingRows, length: waitingRequests } = this.queue;
    const waitMs = this.admission.waitMs(this.limits, this.instances.size, this.idle.length);
    return { waitingRows, waitingRequests, running: this.running, delayMs: this.delayMs, waitMs };
  }

  /**
   * Queues `job` and resolves with its outputs. Rejects with a NexusError if the queue is full, the deadline has passed
   * or cannot be met, the client has disconnected, or the run failed.
   */
  submit(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const refusal = this.admission.refusalOf(job, this.limits, this.instances.size, this.idle.length);
      if (refusal !== undefined) return reject(refusal);
      const work = workOf(job, this.limits);
      const ticket = new Ticket(job, this.clock.now(), work, this.limits.maxBatchRows, resolve, reject);
      for (const part of ticket.parts) this.queue.push(part);
      this.dispatchSoon();
      this.sweepSoon();
    });
  }

  /** Applies new limits. Jobs that are already queued stay in the queue. */
  limit(limits: SchedulerLimits): void {
    this.limits = limits;
    const { targetP99Ms } = limits;
    if (targetP99Ms !== this.delay?.targetMs)
      this.delay = targetP99Ms === undefined ? undefined : new AdaptiveDelay(targetP99Ms);
  }

  /** Starts to dispatch batches to `instance`. */
  add(instance: Instance): void {
    this.instances.add(instance);
    this.idle.push(instance);
    this.dispatch();
  }

  /** Stops dispatching batches to `instance`. Resolves when it has none in flight. */
  async remove(instance: Instance): Promise<void> {
    const known = this.instances.delete(instance);
    const index = this.idle.indexOf(instance);
    if (index >= 0) this.idle.splice(index, 1);
    else if (known) await new Promise<void>((resolve) => this.removals.set(instance, resolve));
  }

  /** Resolves when nothing is queued or running. */
  drained(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.drainListeners.push(resolve));
  }

  /** Rejects all queued jobs with `error`. Runs in flight complete. */
  fail(error: NexusError): void {
    for (const { ticket } of [...this.queue.sweep(() => true), ...this.retries.splice(0).flat()])
      ticket.reject(error);
  }

  /** Defers the dispatch to the end of this event loop iteration, so that requests that arrive in it share a batch. */
  private dispatchSoon(): void {
    if (this.dispatching || this.idle.length === 0) return;
    this.dispatching = true;
    this.clock.soon(() => {
      this.dispatching = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    if (this.retries.length === 0 && this.gathering.holdsBack()) return;
    while (this.idle.length > 0) {
      const batch = this.nextBatch();
      if (batch === undefined) return;
      void this.execute(this.idle.pop()!, batch);
    }
  }

  /** The next batch to run, without stale jobs; undefined if no batch is due. */
  private nextBatch(): Batch | undefined {
    const mergesRequests = this.limits.mergesRequests !== false && !this.check.hasFailed;
    const window = this.batchWindow();
    for (;;) {
      const next = this.retries.shift() ?? this.queue.take(this.limits, window, mergesRequests);
      if (next === undefined) {
        if (window !== undefined) this.wakeUpWhenDue(window);
        return undefined;
      }
      const [parts, reason] = 'parts' in next ? [next.parts, next.reason] : [next, 'retry' as const];
      const batch = parts.filter((part) => !this.isStale(part));
      if (batch.length === 0) continue;
      this.observerOf(batch).flushed(reason);
      return batch;
    }
  }

  /** Undefined if batches do not wait for more requests. */
  private batchWindow(): BatchWindow | undefined {
    if (this.delayMs === 0) return undefined;
    const now = this.clock.now();
    const runMs = this.admission.estimate.of(fullWork(this.limits));
    return { enqueuedBy: now - this.delayMs, deadlineBy: now + runMs + TIMER_SLACK_MS };
  }

  private get delayMs(): number {
    return this.delay?.ms ?? this.limits.maxQueueDelayUs / 1000;
  }

  /** Dispatches again when the first part reaches a limit of `window`. */
  private wakeUpWhenDue(window: BatchWindow): void {
    this.cancelWakeUp();
    if (this.queue.length === 0) return;
    const { enqueuedAt, deadline } = this.queue.earliest;
    const ms = Math.min(enqueuedAt - window.enqueuedBy, deadline - window.deadlineBy);
    this.cancelWakeUp = this.clock.after(ms, () => this.dispatch());
  }

  private async execute(instance: Instance, batch: Batch): Promise<void> {
    const started = this.clock.now();
    this.running++;
    this.admission.runStarted(instance, workOfRun(batch, totalRows(batch), this.limits));
    for (const { ticket, index } of batch)
      if (index === 0) this.observerOf(batch).started(ticket.job.priority, ticket.start(started));
    const settle = await this.run(instance, batch);
    // Start the next batch before the responses of this one are written.
    this.release(instance);
    settle();
  }

  /** Runs `batch`. Resolves with a function that settles its jobs. */
  private async run(instance: Instance, batch: Batch): Promise<() => void> {
    const started = this.clock.now();
    try {
      const rows = this.paddedRows(totalRows(batch));
      const { outputs, times, waitedMs } = await instance.run(gather(batch, rows), outputsOf(batch));
      if (!isDivisible(batch, outputs, rows))
        throw new RunFailure('execution', 'the outputs do not have one row per input row');
      const runMs = this.clock.now() - started;
      traceRun(batch, started, started + runMs, rows);
      this.admission.estimate.observe(workOfRun(batch, rows, this.limits), runMs);
      for (const { ticket } of batch) ticket.queueMs += waitedMs;
      this.delay?.ran(totalRows(batch));
      this.observerOf(batch).executed(totalRows(batch), rows - totalRows(batch), times);
      if (batch[0]!.ticket.job.sequence !== undefined)
        this.observerOf(batch).paddedTokens(...tokensOf(batch, rows));
      const results = scatter(batch, outputs, rows);
      const finished = { batch, results, rows, runMs, rowsAlone: this.paddedRows(1) };
      if (await this.check.findsMixing(instance, finished, this.limits)) return this.unbatch(batch);
      if (this.delayMs === 0) this.gathering.begin(totalRows(batch), this.admission.estimate, this.limits);
      return () => this.settle(batch, results, times);
    } catch (failure) {
      traceRun(batch, started, this.clock.now(), totalRows(batch), failure);
      // Give it no more work, even before its supervisor notices.
      if (failure instanceof RunFailure && failure.endsRunner) this.instances.delete(instance);
      this.recover(batch, failure);
      return () => {};
    }
  }

  /** A batch contains either counted or uncounted jobs, never both, so its first job decides. */
  private observerOf([part]: Batch): SchedulerObserver {
    return observerOf(part!.ticket.job, this.observer);
  }

  /** Rows depend on each other: retries all jobs that shared a batch or were split, each whole and alone. */
  private unbatch(batch: Batch): () => void {
    const waiting = this.queue.sweep(({ ticket }) => ticket.parts.length > 1);
    this.retries.push(...unbatched([...batch, ...this.retries.splice(0).flat(), ...waiting]));
    return () => {};
  }

  /** The smallest allowed batch size for `rows` rows. */
  private paddedRows(rows: number): number {
    if (rows === 0 || this.check.hasFailed) return rows;
    return this.limits.allowedBatchSizes?.find((size) => size >= rows) ?? rows;
  }

  /** Whether the job of `part` has been settled, timed out or cancelled. Rejects the job in the latter cases. */
  private isStale({ ticket }: Part): boolean {
    if (ticket.job.abandoned?.() === true) ticket.reject(errors.cancelled());
    else if (ticket.job.deadline <= this.clock.now())
      ticket.reject(errors.deadlineExceeded('while it waited in the queue'));
    return ticket.settled;
  }

  /** Sweeps the queue periodically until it is empty, because a deadline may pass before an instance is idle. */
  private sweepSoon(): void {
    if (this.sweeping || this.queue.length + this.retries.length === 0) return;
    this.sweeping = true;
    this.clock.after(SWEEP_MS, () => {
      this.sweeping = false;
      this.queue.sweep((part) => this.isStale(part));
      for (const part of this.retries.flat()) this.isStale(part);
      this.notifyDrained();
      this.sweepSoon();
    });
  }

  /** Settles a few jobs per event loop iteration, so that other requests do not wait for all of them. */
  private settle(batch: Batch, results: readonly JobResult['outputs'][], times: RunTimes, first = 0): void {
    const next = Math.min(first + RESPONSES_PER_SLICE, batch.length);
    for (let index = first; index < next; index++) {
      const part = batch[index]!;
      part.ticket.complete(part, results[index]!, times, joinParts);
      this.delay?.answered(this.clock.now() - part.ticket.enqueuedAt);
    }
    if (next < batch.length) this.clock.soon(() => this.settle(batch, results, times, next));
  }

  private recover(batch: Batch, failure: unknown): void {
    const recovery = recover(batch, failure, this.model, this.limits.timeoutMs);
    if ('error' in recovery) for (const { ticket } of batch) ticket.reject(recovery.error);
    else this.retries.unshift(...recovery.retries);
  }

  /** Makes `instance` available for the next batch, unless it was removed. */
  private release(instance: Instance): void {
    this.running--;
    this.admission.runEnded(instance);
    if (this.instances.has(instance)) this.idle.push(instance);
    this.removals.get(instance)?.();
    this.removals.delete(instance);
    this.dispatch();
    this.notifyDrained();
  }

  private notifyDrained(): void {
    if (this.isIdle) for (const listener of this.drainListeners.splice(0)) listener();
  }

  private get isIdle(): boolean {
    return this.running + this.queue.length + this.retries.length === 0;
  }
}
