import { errors, type NexusError } from '../common/errors';
import type { RunTimes } from '../common/run-times';
import { RunFailure } from '../runtime/run-failure';
import { gather, isDivisible, joinParts, outputsOf, totalRows, scatter, type Batch } from './batch';
import { AdaptiveDelay } from './adaptive-delay';
import { Admission } from './admission';
import type { Clock } from './clock';
import { Ticket, type Job, type JobResult, type Part } from './job';
import { BatchCheck } from './batch-check';
import type { SchedulerLimits } from './limits';
import { observerOf, type SchedulerLoad, type SchedulerObserver } from './observer';
import { Queue, type Patience } from './queue';
import { recover, separately } from './recovery';
import type { Instance } from './instance';

/** This many answers of some kilobytes take about a millisecond. */
const ANSWERS_A_TURN = 16;

/** A timer may be so late. */
const LATENESS_MS = 10;

/** How often waiting jobs are looked at for passed deadlines and clients that left. */
const SWEEP_MS = 50;

/**
 * Runs the jobs of one model version on its instances. Work-conserving: an instance that is free takes what waits,
 * up to the batch limit, at once; while all are busy, batches grow by themselves. What becomes of a batch that
 * fails is decided in recovery.ts.
 */
export class Scheduler {
  private readonly queue = new Queue();
  /** Batches that failed in company and are tried again, smaller; they go first. */
  private readonly retries: Batch[] = [];
  private readonly instances = new Set<Instance>();
  private readonly idle: Instance[] = [];
  private readonly departures = new Map<Instance, () => void>();
  private readonly admission: Admission;
  private readonly check: BatchCheck;
  private delay: AdaptiveDelay | undefined;
  private running = 0;
  private dispatching = false;
  private sweeping = false;
  private cancelWakeUp: () => void = () => {};
  /** Called when there is nothing left to do. */
  private readonly drains: (() => void)[] = [];

  constructor(
    private readonly model: string,
    private limits: SchedulerLimits,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {
    this.admission = new Admission(model, this.queue, clock, observer);
    this.check = new BatchCheck(clock, observer);
    this.limit(limits);
  }

  /** Resolves with an output by which it was seen that rows depend on each other; nothing shares a run any more. */
  get mixed(): Promise<string> {
    return this.check.failed;
  }

  /** What there is to do at this moment. */
  get load(): SchedulerLoad {
    const { rows: waitingRows, length: waitingRequests } = this.queue;
    return { waitingRows, waitingRequests, running: this.running, delayMs: this.delayMs };
  }

  /**
   * Queues `job` and resolves with its outputs. Rejects with a NexusError: the queue is full, the deadline passed or
   * cannot be met, the client left, or its run failed.
   */
  submit(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const refusal = this.admission.refusalOf(job, this.limits, this.instances.size, this.idle.length);
      if (refusal !== undefined) return reject(refusal);
      const ticket = new Ticket(job, this.clock.now(), this.limits.maxBatchRows, resolve, reject);
      for (const part of ticket.parts) this.queue.push(part);
      this.dispatchSoon();
      this.watch();
    });
  }

  /** Holds to `limits` from now on; what waits already waits on. */
  limit(limits: SchedulerLimits): void {
    this.limits = limits;
    const { targetP99Ms } = limits;
    if (targetP99Ms !== this.delay?.targetMs)
      this.delay = targetP99Ms === undefined ? undefined : new AdaptiveDelay(targetP99Ms);
  }

  /** Gives work to `instance` from now on. */
  add(instance: Instance): void {
    this.instances.add(instance);
    this.idle.push(instance);
    this.dispatch();
  }

  /** Gives no more work to `instance`. Resolves when it has none under way. */
  async remove(instance: Instance): Promise<void> {
    const known = this.instances.delete(instance);
    const index = this.idle.indexOf(instance);
    if (index >= 0) this.idle.splice(index, 1);
    else if (known) await new Promise<void>((resolve) => this.departures.set(instance, resolve));
  }

  /** Resolves when nothing waits and nothing runs. */
  drained(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.drains.push(resolve));
  }

  /** Fails everything that waits. What runs is answered when it is done. */
  fail(error: NexusError): void {
    for (const { ticket } of [...this.queue.sweep(() => true), ...this.retries.splice(0).flat()])
      ticket.reject(error);
  }

  /** Requests that arrive in one turn of the event loop share a run, at no more delay than the rest of that turn. */
  private dispatchSoon(): void {
    if (this.dispatching || this.idle.length === 0) return;
    this.dispatching = true;
    this.clock.soon(() => {
      this.dispatching = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.idle.length > 0) {
      const batch = this.nextBatch();
      if (batch === undefined) return;
      void this.execute(this.idle.pop()!, batch);
    }
  }

  /** The next batch to run, without jobs that nobody waits for any more. */
  private nextBatch(): Batch | undefined {
    const { maxBatchRows } = this.limits;
    const mergesRequests = this.limits.mergesRequests !== false && !this.check.hasFailed;
    const patience = this.patience();
    for (;;) {
      const retry = this.retries.shift();
      const next = retry ?? this.queue.take(maxBatchRows, patience, mergesRequests);
      if (next === undefined) {
        if (patience !== undefined) this.wakeUpWhenDue(patience);
        return undefined;
      }
      const [parts, reason] = 'parts' in next ? [next.parts, next.departure] : [next, 'retry' as const];
      const wanted = parts.filter((part) => !this.isUnwanted(part));
      if (wanted.length === 0) continue;
      this.observerOf(wanted).departed(reason);
      return wanted;
    }
  }

  /** Undefined when nothing waits for company. */
  private patience(): Patience | undefined {
    if (this.delayMs === 0) return undefined;
    const now = this.clock.now();
    const runMs = this.admission.estimate.of(this.limits.maxBatchRows);
    return { since: now - this.delayMs, deadline: now + runMs + LATENESS_MS };
  }

  private get delayMs(): number {
    return this.delay?.ms ?? this.limits.maxQueueDelayUs / 1000;
  }

  private wakeUpWhenDue(patience: Patience): void {
    this.cancelWakeUp();
    if (this.queue.length === 0) return;
    const { since, deadline } = this.queue.patience;
    const ms = Math.min(since - patience.since, deadline - patience.deadline);
    this.cancelWakeUp = this.clock.after(ms, () => this.dispatch());
  }

  private async execute(instance: Instance, batch: Batch): Promise<void> {
    const started = this.clock.now();
    this.running++;
    this.admission.begun(instance, totalRows(batch));
    for (const { ticket, index } of batch) {
      if (index > 0) continue;
      ticket.queueMs = started - ticket.enqueuedAt;
      this.observerOf(batch).began(ticket.job.priority, ticket.queueMs);
    }
    const settle = await this.run(instance, batch);
    // The next batch is on its way before this one's answers are written.
    this.release(instance);
    settle();
  }

  /** Runs `batch`. Resolves with what tells its jobs the outcome. */
  private async run(instance: Instance, batch: Batch): Promise<() => void> {
    try {
      const started = this.clock.now();
      const rows = this.paddedRows(totalRows(batch));
      const { outputs, times, waitedMs } = await instance.run(gather(batch, rows), outputsOf(batch));
      if (!isDivisible(batch, outputs, rows))
        throw new RunFailure('execution', 'its outputs have not one row for each input row');
      this.admission.estimate.observe(rows, this.clock.now() - started);
      for (const { ticket } of batch) ticket.queueMs += waitedMs;
      this.delay?.ran(totalRows(batch));
      this.observerOf(batch).executed(totalRows(batch), rows - totalRows(batch), times);
      const results = scatter(batch, outputs, rows);
      const outcome = { batch, results, rows, rowsAlone: this.paddedRows(1) };
      if (await this.check.findsMixing(instance, outcome, this.limits)) return this.separate(batch);
      return () => this.settle(batch, results, times);
    } catch (failure) {
      // Never given work again, even before its supervisor has noticed.
      if (failure instanceof RunFailure && failure.endsRunner) this.instances.delete(instance);
      this.recover(batch, failure);
      return () => {};
    }
  }

  /** Jobs that are counted and jobs that are not never share a batch. */
  private observerOf([part]: Batch): SchedulerObserver {
    return observerOf(part!.ticket.job, this.observer);
  }

  /** Rows depend on each other: what shared runs, or was split between some, is run again as it came, alone. */
  private separate(batch: Batch): () => void {
    const waiting = this.queue.sweep(({ ticket }) => ticket.parts.length > 1);
    const apart = separately([...batch, ...this.retries.splice(0).flat(), ...waiting]);
    this.retries.push(...apart);
    return () => {};
  }

  /** The next allowed size of a batch of `rows` rows. */
  private paddedRows(rows: number): number {
    if (rows === 0 || this.check.hasFailed) return rows;
    return this.limits.allowedBatchSizes?.find((size) => size >= rows) ?? rows;
  }

  /** Whether nobody waits for `part` any more; its job is then failed with the reason. */
  private isUnwanted({ ticket }: Part): boolean {
    if (ticket.job.abandoned?.() === true) ticket.reject(errors.cancelled());
    else if (ticket.job.deadline <= this.clock.now())
      ticket.reject(errors.deadlineExceeded('while it waited for its run'));
    return ticket.settled;
  }

  /** Looks at what waits now and then, for as long as anything does: no instance may come free before a deadline. */
  private watch(): void {
    if (this.sweeping || this.queue.length + this.retries.length === 0) return;
    this.sweeping = true;
    this.clock.after(SWEEP_MS, () => {
      this.sweeping = false;
      this.queue.sweep((part) => this.isUnwanted(part));
      for (const part of this.retries.flat()) this.isUnwanted(part);
      this.tellDrained();
      this.watch();
    });
  }

  /** Answers some jobs a turn of the event loop, so that other requests need not wait for all of them. */
  private settle(batch: Batch, results: readonly JobResult['outputs'][], times: RunTimes, first = 0): void {
    const next = Math.min(first + ANSWERS_A_TURN, batch.length);
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

  /** `instance` has finished its batch: it takes the next, unless it is to go. */
  private release(instance: Instance): void {
    this.running--;
    this.admission.ended(instance);
    if (this.instances.has(instance)) this.idle.push(instance);
    this.departures.get(instance)?.();
    this.departures.delete(instance);
    this.dispatch();
    this.tellDrained();
  }

  private tellDrained(): void {
    if (this.isIdle) for (const drain of this.drains.splice(0)) drain();
  }

  private get isIdle(): boolean {
    return this.running + this.queue.length + this.retries.length === 0;
  }
}
