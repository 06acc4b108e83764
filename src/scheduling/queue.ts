import { ShapeQueue, precedes, type Earliest, type LevelQueue } from './shape-queue';
import { FairQueueing } from './fair-queueing';
import type { Job, Part, Ticket } from './job';
import type { SchedulerLimits } from './limits';
import { lengthClassOf, SequenceBatch } from './sequence-batch';

/** Why a batch runs now: it is full, there is no batch window, the delay has expired, or a deadline is near. */
export type FlushReason = 'full' | 'idle' | 'delay' | 'deadline';

/** How large a batch may be. */
type BatchLimits = Pick<SchedulerLimits, 'maxBatchRows' | 'maxBatchTokens'>;

/**
 * The batch window: a batch that is not full waits for more requests until one of its parts reaches a limit of the
 * window. Times are on the clock of the scheduler.
 */
export interface BatchWindow {
  /** Parts queued at or before this time run immediately. */
  readonly enqueuedBy: number;
  /** Parts with a deadline at or before this time run immediately. */
  readonly deadlineBy: number;
}

/**
 * Queued parts, in buckets by shape: a batch has one shape, and requests of two alternating shapes still fill batches.
 * Within a priority level, callers get equal shares, and the requests of each caller run in the order of arrival.
 * Between levels, the higher one runs first, until requests of the lower one have aged.
 */
export class Queue {
  private readonly buckets = new Map<string, ShapeQueue>();
  /** Number of queued parts and their cost, by priority level. */
  private readonly levels = new Map<number, { parts: number; work: number }>();
  private readonly callers = new FairQueueing();
  rows = 0;
  bytes = 0;
  /** Number of queued parts. */
  length = 0;

  /** Number of queued parts of priority `level`. */
  lengthOf(level: number): number {
    return this.levels.get(level)?.parts ?? 0;
  }

  /** Estimated cost of all queued rows. */
  get work(): number {
    let sum = 0;
    for (const { work } of this.levels.values()) sum += work;
    return sum;
  }

  /** Estimated cost of the queued rows that run before `job`, which costs `work`, if it is queued now. */
  workBefore({ caller, priority }: Job, work: number): number {
    let before = 0;
    for (const [level, waiting] of this.levels) if (level <= priority) before += waiting.work;
    // Fairness: no caller has more work ahead of the job than its own caller has.
    return Math.min(before, this.callers.size * (this.callers.workOf(caller) + work));
  }

  /** Queues `part` behind earlier requests of its caller. */
  push(part: Part): void {
    const { caller, priority } = part.ticket.job;
    part.startTag = this.callers.startTag(caller, priority, part.byteLength);
    const bucket = this.bucketOf(part.ticket.job);
    bucket.push(part);
    this.count(bucket, part, 1);
  }

  /**
   * Forms a batch: dequeues parts of the shape that runs next, as many as `limits` allow, or one part unless `several`.
   * Sequences share a batch with others of similar length. With a batch `window`, only shapes with a full batch or a
   * part that can wait no longer qualify. Undefined if none does.
   */
  take(
    limits: BatchLimits,
    window: BatchWindow | undefined,
    several = true,
  ): { parts: Part[]; reason: FlushReason } | undefined {
    let chosen: { bucket: ShapeQueue; queue: LevelQueue; reason: FlushReason } | undefined;
    for (const bucket of this.buckets.values()) {
      const reason = flushReasonOf(bucket, limits, window);
      if (reason === undefined) continue;
      const queue = bucket.next()!;
      if (chosen === undefined || precedes(queue, chosen.queue)) chosen = { bucket, queue, reason };
    }
    if (chosen === undefined) return undefined;
    const { bucket, reason } = chosen;
    // With a negative limit, no second part fits.
    const maxRows = several ? limits.maxBatchRows : -1;
    const parts =
      bucket.longest === 0
        ? this.takeFrom(bucket, maxRows)
        : this.takeSequences(bucket, maxRows, limits.maxBatchTokens ?? Infinity);
    return { parts, reason };
  }

  /**
   * Makes room for `job`: evicts the latest requests of the caller with the largest backlog until `rows` rows and
   * `bytes` bytes are free. Evicts nothing if this would leave that caller with a smaller backlog than the caller of
   * `job`. Returns the evicted parts.
   */
  displace(job: Job, rows: number, bytes: number): Part[] {
    const { mostBacklogged } = this.callers;
    if (mostBacklogged === undefined) return [];
    const theirs = [...this.buckets.values()].flatMap((bucket) => bucket.of(mostBacklogged));
    const evicted = new Set<Ticket>();
    let [freedRows, freedBytes] = [0, 0];
    for (const { ticket } of theirs.toSorted((one, other) => other.startTag - one.startTag)) {
      if (freedRows >= rows && freedBytes >= bytes) break;
      if (evicted.has(ticket)) continue;
      evicted.add(ticket);
      freedRows += ticket.job.rows;
      freedBytes += ticket.job.byteLength;
    }
    const left = this.callers.backlogOf(mostBacklogged) - freedRows;
    if (left < this.callers.backlogOf(job.caller) + job.rows) return [];
    return this.sweep(({ ticket }) => evicted.has(ticket));
  }

  /** Earliest arrival and earliest deadline of the queued parts. */
  get earliest(): Earliest {
    const all = [...this.buckets.values()].map((bucket) => bucket.earliest);
    return {
      enqueuedAt: Math.min(...all.map(({ enqueuedAt }) => enqueuedAt)),
      deadline: Math.min(...all.map(({ deadline }) => deadline)),
    };
  }

  /** Removes and returns every part for which `predicate` holds. */
  sweep(predicate: (part: Part) => boolean): Part[] {
    const all: Part[] = [];
    for (const bucket of this.buckets.values()) {
      const removed = bucket.sweep(predicate);
      for (const part of removed) this.count(bucket, part, -1);
      all.push(...removed);
    }
    this.callers.prune();
    return all;
  }

  private takeFrom(bucket: ShapeQueue, maxRows: number): Part[] {
    const taken: Part[] = [];
    let rows = 0;
    for (let queue = bucket.next(); queue !== undefined; queue = bucket.next()) {
      rows += queue.parts[0]!.rows;
      if (taken.length > 0 && rows > maxRows) break;
      const part = queue.parts.shift()!;
      this.callers.serve(queue.level, part.startTag);
      taken.push(part);
    }
    for (const part of taken) this.count(bucket, part, -1);
    return taken;
  }

  /**
   * Dequeues sequences of similar length: those of `first`, then of those whose padding costs least. Virtual time
   * advances only to the part whose turn it was. The others are not in the order of their tags, so a new caller would
   * otherwise wait for all with lower tags.
   */
  private takeSequences(first: ShapeQueue, maxRows: number, maxTokens: number): Part[] {
    const filling = new SequenceBatch(maxRows, maxTokens);
    const { level, parts } = first.next()!;
    this.callers.serve(level, parts[0]!.startTag);
    for (let bucket: ShapeQueue | undefined = first; bucket !== undefined;) {
      const queue = bucket.next();
      if (queue !== undefined && filling.fits(queue.parts[0]!)) {
        const part = queue.parts.shift()!;
        filling.add(part);
        this.count(bucket, part, -1);
      } else bucket = queue === undefined ? filling.nearest(first.family, this.buckets.values()) : undefined;
    }
    return filling.parts;
  }

  private bucketOf(job: Job): ShapeQueue {
    const family = keyOf(job);
    const longest = job.sequence === undefined ? 0 : lengthClassOf(job.sequence.length);
    const key = longest === 0 ? family : `${family}#${longest}`;
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = new ShapeQueue(key, family, longest)));
    return bucket;
  }

  /** Updates the totals, and deletes an empty bucket. */
  private count(bucket: ShapeQueue, part: Part, sign: 1 | -1): void {
    const { priority, caller } = part.ticket.job;
    const rows = sign * part.rows;
    const work = sign * part.work;
    bucket.rows += rows;
    this.rows += rows;
    this.bytes += sign * part.byteLength;
    this.length += sign;
    this.callers.addBacklog(caller, rows, work);
    let level = this.levels.get(priority);
    if (level === undefined) this.levels.set(priority, (level = { parts: 0, work: 0 }));
    level.parts += sign;
    level.work += work;
    if (this.length === 0) this.callers.clear();
    if (bucket.next() === undefined) this.buckets.delete(bucket.key);
  }
}

/** Jobs with the same key may share a run. */
function keyOf({ shapeKey, uncounted }: Job): string {
  return uncounted === true ? `uncounted ${shapeKey}` : shapeKey;
}

/** Why a batch of `bucket` runs now; undefined if it waits for more requests. */
function flushReasonOf(
  bucket: ShapeQueue,
  { maxBatchRows, maxBatchTokens = Infinity }: BatchLimits,
  window: BatchWindow | undefined,
): FlushReason | undefined {
  if (bucket.rows >= maxBatchRows || bucket.rows * bucket.longest >= maxBatchTokens) return 'full';
  if (window === undefined) return 'idle';
  const { enqueuedAt, deadline } = bucket.earliest;
  if (enqueuedAt <= window.enqueuedBy) return 'delay';
  return deadline <= window.deadlineBy ? 'deadline' : undefined;
}
