import type { Part } from './job';

/** Aging: a queued request moves up one priority level per interval of this length, so that none starves. */
const AGING_MS = 1000;

/** Earliest arrival and earliest deadline of parts; both Infinity if there are none. */
export interface Earliest {
  readonly enqueuedAt: number;
  readonly deadline: number;
}

/** Queued parts of one shape and priority level, ordered by start tag. */
export interface LevelQueue {
  readonly level: number;
  readonly parts: Part[];
}

/** Queued parts of one row shape, with a queue per priority level. */
export class ShapeQueue {
  rows = 0;
  private readonly queues: LevelQueue[] = [];

  /**
   * @param key its key in the queue.
   * @param family parts with the same family can share a run.
   * @param longest the longest sequences that it is for; 0 for jobs without a sequence.
   */
  constructor(
    readonly key: string,
    readonly family: string,
    readonly longest: number,
  ) {}

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

/** Whether the first part of `one` runs before that of `other`: by start tag within a level, by age between levels. */
export function precedes(one: LevelQueue, other: LevelQueue): boolean {
  const [first, second] = [one.parts[0]!, other.parts[0]!];
  if (one.level === other.level) return first.startTag < second.startTag;
  return first.ticket.enqueuedAt + one.level * AGING_MS < second.ticket.enqueuedAt + other.level * AGING_MS;
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
