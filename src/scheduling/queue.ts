import type { Part } from './job';

/** A request moves up by one priority level for each this long that it has waited, so that none starves. */
const AGING_MS = 1000;

/** Parts of one shape and one priority level, first in, first out. */
interface Line {
  readonly level: number;
  readonly parts: Part[];
}

/** Parts whose rows have one shape, in a line for each priority level. */
class Bucket {
  rows = 0;
  private readonly lines: Line[] = [];

  push(part: Part): void {
    const level = part.ticket.job.priority;
    const line = this.lines.find((other) => other.level === level);
    if (line === undefined) this.lines.push({ level, parts: [part] });
    else line.parts.push(part);
  }

  /** The line whose first part is the next to run; undefined when nothing waits. */
  next(): Line | undefined {
    let next: Line | undefined;
    for (const line of this.lines) {
      if (line.parts.length > 0 && (next === undefined || turnOf(line) < turnOf(next))) next = line;
    }
    return next;
  }

  /** Since when the part that has waited longest waits; Infinity when none does. */
  get waitingSince(): number {
    let since = Infinity;
    for (const { parts } of this.lines) since = Math.min(since, parts[0]?.ticket.enqueuedAt ?? Infinity);
    return since;
  }

  /** Takes out and returns every part for which `unwanted` holds. */
  sweep(unwanted: (part: Part) => boolean): Part[] {
    const out: Part[] = [];
    for (const { parts } of this.lines)
      for (const part of parts.splice(0)) (unwanted(part) ? out : parts).push(part);
    return out;
  }
}

/**
 * Parts waiting to run, by their shape key: a batch is always of one shape, and two shapes that alternate still fill
 * batches. Within a priority level the first to come is the first to run; between levels, the higher one, until the
 * lower one has aged.
 */
export class Queue {
  private readonly buckets = new Map<string, Bucket>();
  /** Parts that wait, by their priority level. */
  private readonly levels = new Map<number, number>();
  /** Rows, bytes and parts that wait. */
  rows = 0;
  bytes = 0;
  length = 0;

  /** How many parts of priority `level` wait. */
  lengthOf(level: number): number {
    return this.levels.get(level) ?? 0;
  }

  /** Puts `part` at the end of its line. */
  push(part: Part): void {
    const key = part.ticket.job.shapeKey;
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = new Bucket()));
    bucket.push(part);
    this.count(bucket, part, 1);
  }

  /**
   * Takes parts of one shape, up to `maxRows` rows, of that shape whose turn it is; just one part unless `several`.
   * Only shapes that fill a batch or have waited since `before` count; empty when there is none.
   */
  take(maxRows: number, before: number, several = true): Part[] {
    let chosen: Bucket | undefined;
    let turn = Infinity;
    for (const bucket of this.buckets.values()) {
      if (bucket.rows < maxRows && bucket.waitingSince > before) continue;
      const its = turnOf(bucket.next()!);
      if (its < turn) [chosen, turn] = [bucket, its];
    }
    // Into less than no rows, no second part fits.
    return chosen === undefined ? [] : this.takeFrom(chosen, several ? maxRows : -1);
  }

  /** Since when the part that has waited longest waits; undefined when none does. */
  get waitingSince(): number | undefined {
    let oldest: number | undefined;
    for (const { waitingSince } of this.buckets.values()) {
      if (oldest === undefined || waitingSince < oldest) oldest = waitingSince;
    }
    return oldest;
  }

  /** Takes out and returns every part for which `unwanted` holds. */
  sweep(unwanted: (part: Part) => boolean): Part[] {
    const swept: Part[] = [];
    for (const bucket of this.buckets.values()) {
      const out = bucket.sweep(unwanted);
      for (const part of out) this.count(bucket, part, -1);
      swept.push(...out);
    }
    return swept;
  }

  private takeFrom(bucket: Bucket, maxRows: number): Part[] {
    const taken: Part[] = [];
    let rows = 0;
    for (let line = bucket.next(); line !== undefined; line = bucket.next()) {
      rows += line.parts[0]!.rows;
      if (taken.length > 0 && rows > maxRows) break;
      taken.push(line.parts.shift()!);
    }
    for (const part of taken) this.count(bucket, part, -1);
    return taken;
  }

  /** Keeps the sums; a shape of which nothing waits is forgotten. */
  private count(bucket: Bucket, part: Part, sign: 1 | -1): void {
    const { priority, shapeKey } = part.ticket.job;
    bucket.rows += sign * part.rows;
    this.rows += sign * part.rows;
    this.bytes += sign * part.byteLength;
    this.length += sign;
    this.levels.set(priority, this.lengthOf(priority) + sign);
    if (bucket.next() === undefined) this.buckets.delete(shapeKey);
  }
}

/** The smaller, the sooner: when the first part of `line` came, later by what its level is below the highest. */
function turnOf({ level, parts }: Line): number {
  return parts[0]!.ticket.enqueuedAt + level * AGING_MS;
}
