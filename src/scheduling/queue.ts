import { FairQueueing } from './fair-queueing';
import type { Job, Part, Ticket } from './job';

/** Aging: a queued request moves up one priority level per interval of this length, so that none starves. */
const AGING_MS = 1000;

/** Queued parts of one shape and priority level, ordered by start tag. */
interface LevelQueue {
  readonly level: number;
  readonly parts: Part[];
}

/** Queued parts of one row shape, with a queue per priority level. */
class Bucket {
  rows = 0;
  private readonly queues: LevelQueue[] = [];

  push(part: Part): void {
    const level = part.ticket.job.priority;
    const queue = this.queues.find((other) => other.level === level);
    if (queue === undefined) this.queues.push({ level, parts: [part] });
    else insert(queue.parts, part);
  }

  /** The queue whose first part runs next; undefined if nothing is queued. */
  next(): LevelQueue | undefined {
    let next: LevelQueue | undefined;
    for (const queue of this.queues)
      if (queue.parts.length > 0 && (next === undefined || precedes(queue, next))) next = queue;
    return next;
  }

  /** Earliest arrival and earliest deadline of the queued parts. */
  get earliest(): Earliest {
    let enqueuedAt = Infinity;
    let deadline = Infinity;
    for (const { parts } of this.queues) {
      for (const { ticket } of parts) {
        enqueuedAt = Math.min(enqueuedAt, ticket.enqueuedAt);
        deadline = Math.min(deadline, ticket.job.deadline);
      }
    }
    return { enqueuedAt, deadline };
  }

  /** The queued parts of `caller`. */
  of(caller: string): Part[] {
    return this.queues.flatMap(({ parts }) => parts.filter(({ ticket }) => ticket.job.caller === caller));
  }

  /** Removes and returns every part for which `predicate` holds. */
  sweep(predicate: (part: Part) => boolean): Part[] {
    const removed: Part[] = [];
    for (const { parts } of this.queues)
      for (const part of parts.splice(0)) (predicate(part) ? removed : parts).push(part);
    return removed;
  }
}

/** Why a batch runs now: it is full, there is no batch window, the delay has expired, or a deadline is near. */
export type FlushReason = 'full' | 'idle' | 'delay' | 'deadline';

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

/** Earliest arrival and earliest deadline of parts; both Infinity if there are none. */
interface Earliest {
  readonly enqueuedAt: number;
  readonly deadline: number;
}

/**
 * Queued parts, in buckets by shape: a batch has one shape, and requests of two alternating shapes still fill batches.
 * Within a priority level, callers get equal shares, and the requests of each caller run in the order of arrival.
 * Between levels, the higher one runs first, until requests of the lower one have aged.
 */
export class Queue {
  private readonly buckets = new Map<string, Bucket>();
  /** Queued parts and rows, by priority level. */
  private readonly levels = new Map<number, { parts: number; rows: number }>();
  private readonly callers = new FairQueueing();
  rows = 0;
  bytes = 0;
  /** Number of queued parts. */
  length = 0;

  /** Number of queued parts of priority `level`. */
  lengthOf(level: number): number {
    return this.levels.get(level)?.parts ?? 0;
  }

  /** Estimated number of queued rows that run before `job`, if it is queued now. */
  rowsBefore({ caller, priority, rows }: Job): number {
    let before = 0;
    for (const [level, waiting] of this.levels) if (level <= priority) before += waiting.rows;
    // Fairness: no caller has more rows ahead of the job than its own caller has.
    return Math.min(before, this.callers.size * (this.callers.backlogOf(caller) + rows));
  }

  /** Queues `part` behind earlier requests of its caller. */
  push(part: Part): void {
    const { caller, priority } = part.ticket.job;
    const key = keyOf(part.ticket.job);
    part.startTag = this.callers.startTag(caller, priority, part.byteLength);
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = new Bucket()));
    bucket.push(part);
    this.count(bucket, part, 1);
  }

  /**
   * Forms a batch: dequeues parts of the shape that runs next, up to `maxRows` rows, or one part unless `several`. With
   * a batch `window`, only shapes with a full batch or a part that can wait no longer qualify. Undefined if none does.
   */
  take(
    maxRows: number,
    window: BatchWindow | undefined,
    several = true,
  ): { parts: Part[]; reason: FlushReason } | undefined {
    let chosen: { bucket: Bucket; queue: LevelQueue; reason: FlushReason } | undefined;
    for (const bucket of this.buckets.values()) {
      const reason = flushReasonOf(bucket, maxRows, window);
      if (reason === undefined) continue;
      const queue = bucket.next()!;
      if (chosen === undefined || precedes(queue, chosen.queue)) chosen = { bucket, queue, reason };
    }
    if (chosen === undefined) return undefined;
    // With a negative limit, no second part fits.
    const parts = this.takeFrom(chosen.bucket, several ? maxRows : -1);
    return { parts, reason: chosen.reason };
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

  private takeFrom(bucket: Bucket, maxRows: number): Part[] {
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

  /** Updates the totals, and deletes an empty bucket. */
  private count(bucket: Bucket, part: Part, sign: 1 | -1): void {
    const { priority, caller } = part.ticket.job;
    const rows = sign * part.rows;
    bucket.rows += rows;
    this.rows += rows;
    this.bytes += sign * part.byteLength;
    this.length += sign;
    this.callers.addBacklog(caller, rows);
    let level = this.levels.get(priority);
    if (level === undefined) this.levels.set(priority, (level = { parts: 0, rows: 0 }));
    level.parts += sign;
    level.rows += rows;
    if (this.length === 0) this.callers.clear();
    if (bucket.next() === undefined) this.buckets.delete(keyOf(part.ticket.job));
  }
}

/** Jobs with the same key may share a run. */
function keyOf({ shapeKey, uncounted }: Job): string {
  return uncounted === true ? `uncounted ${shapeKey}` : shapeKey;
}

/** Whether the first part of `one` runs before that of `other`: by start tag within a level, by age between levels. */
function precedes(one: LevelQueue, other: LevelQueue): boolean {
  const [first, second] = [one.parts[0]!, other.parts[0]!];
  if (one.level === other.level) return first.startTag < second.startTag;
  return first.ticket.enqueuedAt + one.level * AGING_MS < second.ticket.enqueuedAt + other.level * AGING_MS;
}

/** Why a batch of `bucket` runs now; undefined if it waits for more requests. */
function flushReasonOf(
  bucket: Bucket,
  maxRows: number,
  window: BatchWindow | undefined,
): FlushReason | undefined {
  if (bucket.rows >= maxRows) return 'full';
  if (window === undefined) return 'idle';
  const { enqueuedAt, deadline } = bucket.earliest;
  if (enqueuedAt <= window.enqueuedBy) return 'delay';
  return deadline <= window.deadlineBy ? 'deadline' : undefined;
}

/** Inserts `part` by start tag, behind parts with an equal tag. */
function insert(parts: Part[], part: Part): void {
  let [start, end] = [0, parts.length];
  // Most parts belong at the end.
  if (end > 0 && parts[end - 1]!.startTag <= part.startTag) start = end;
  while (start < end) {
    const middle = (start + end) >> 1;
    if (parts[middle]!.startTag <= part.startTag) start = middle + 1;
    else end = middle;
  }
  if (start === parts.length) parts.push(part);
  else parts.splice(start, 0, part);
}
