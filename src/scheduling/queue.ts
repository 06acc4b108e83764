import { Callers } from './callers';
import type { Job, Part, Ticket } from './job';

/** A request moves up by one priority level for each this long that it has waited, so that none starves. */
const AGING_MS = 1000;

/** Parts of one shape and one priority level, by their place. */
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
    else insert(line.parts, part);
  }

  /** The line whose first part is the next to run; undefined when nothing waits. */
  next(): Line | undefined {
    let next: Line | undefined;
    for (const line of this.lines)
      if (line.parts.length > 0 && (next === undefined || precedes(line, next))) next = line;
    return next;
  }

  /** Since when the part that has waited longest waits, and the earliest deadline; Infinity where nothing waits. */
  get patience(): Patience {
    let since = Infinity;
    let deadline = Infinity;
    for (const { parts } of this.lines) {
      for (const { ticket } of parts) {
        since = Math.min(since, ticket.enqueuedAt);
        deadline = Math.min(deadline, ticket.job.deadline);
      }
    }
    return { since, deadline };
  }

  /** The parts of `caller`. */
  of(caller: string): Part[] {
    return this.lines.flatMap(({ parts }) => parts.filter(({ ticket }) => ticket.job.caller === caller));
  }

  /** Takes out and returns every part for which `unwanted` holds. */
  sweep(unwanted: (part: Part) => boolean): Part[] {
    const out: Part[] = [];
    for (const { parts } of this.lines)
      for (const part of parts.splice(0)) (unwanted(part) ? out : parts).push(part);
    return out;
  }
}

/** Why a batch leaves the queue: it is full, nothing is worth waiting for, it has waited, or it cannot wait longer. */
export type Departure = 'full' | 'idle' | 'delay' | 'deadline';

/** When parts that do not fill a batch leave: moments on the scheduler's clock. */
export interface Patience {
  /** Those that have waited since then, or longer. */
  readonly since: number;
  /** Those whose deadline is then, or sooner. */
  readonly deadline: number;
}

/**
 * Parts waiting to run, by their shape key: a batch is always of one shape, and two shapes that alternate still fill
 * batches. Within a priority level callers get equal shares, and each caller's requests run in the order in which they
 * came; between levels, the higher one, until the lower one has aged.
 */
export class Queue {
  private readonly buckets = new Map<string, Bucket>();
  /** What waits by priority level. */
  private readonly levels = new Map<number, { parts: number; rows: number }>();
  private readonly callers = new Callers();
  /** Rows, bytes and parts that wait. */
  rows = 0;
  bytes = 0;
  length = 0;

  /** How many parts of priority `level` wait. */
  lengthOf(level: number): number {
    return this.levels.get(level)?.parts ?? 0;
  }

  /** About how many of the rows that wait go before `job`, if it came now. */
  rowsBefore({ caller, priority, rows }: Job): number {
    let before = 0;
    for (const [level, waiting] of this.levels) if (level <= priority) before += waiting.rows;
    // Of each other caller, no more go before it than of its own.
    return Math.min(before, this.callers.size * (this.callers.rowsOf(caller) + rows));
  }

  /** Puts `part` into its line. */
  push(part: Part): void {
    const { caller, priority } = part.ticket.job;
    const key = keyOf(part.ticket.job);
    part.place = this.callers.place(caller, priority, part.byteLength);
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = new Bucket()));
    bucket.push(part);
    this.count(bucket, part, 1);
  }

  /**
   * Takes parts of one shape, up to `maxRows` rows, of that shape whose turn it is; just one part unless `several`.
   * Where there is `patience`, only shapes that fill a batch or have none left count. Undefined when nothing may leave.
   */
  take(
    maxRows: number,
    patience: Patience | undefined,
    several = true,
  ): { parts: Part[]; departure: Departure } | undefined {
    let chosen: { bucket: Bucket; line: Line; departure: Departure } | undefined;
    for (const bucket of this.buckets.values()) {
      const departure = departureOf(bucket, maxRows, patience);
      if (departure === undefined) continue;
      const line = bucket.next()!;
      if (chosen === undefined || precedes(line, chosen.line)) chosen = { bucket, line, departure };
    }
    if (chosen === undefined) return undefined;
    // Into less than no rows, no second part fits.
    const parts = this.takeFrom(chosen.bucket, several ? maxRows : -1);
    return { parts, departure: chosen.departure };
  }

  /**
   * Makes room for `job`: takes out the last requests of the caller of whom most rows wait, until `rows` rows and
   * `bytes` bytes less wait. Takes nothing, and returns nothing, when that caller would then have less than that of `job`.
   */
  displace(job: Job, rows: number, bytes: number): Part[] {
    const { largest } = this.callers;
    if (largest === undefined) return [];
    const theirs = [...this.buckets.values()].flatMap((bucket) => bucket.of(largest));
    const out = new Set<Ticket>();
    let [freedRows, freedBytes] = [0, 0];
    for (const { ticket } of theirs.toSorted((one, other) => other.place - one.place)) {
      if (freedRows >= rows && freedBytes >= bytes) break;
      if (out.has(ticket)) continue;
      out.add(ticket);
      freedRows += ticket.job.rows;
      freedBytes += ticket.job.byteLength;
    }
    const left = this.callers.rowsOf(largest) - freedRows;
    if (left < this.callers.rowsOf(job.caller) + job.rows) return [];
    return this.sweep(({ ticket }) => out.has(ticket));
  }

  /** Since when the part that has waited longest waits, and the earliest deadline; Infinity where nothing waits. */
  get patience(): Patience {
    const all = [...this.buckets.values()].map((bucket) => bucket.patience);
    return {
      since: Math.min(...all.map(({ since }) => since)),
      deadline: Math.min(...all.map(({ deadline }) => deadline)),
    };
  }

  /** Takes out and returns every part for which `unwanted` holds. */
  sweep(unwanted: (part: Part) => boolean): Part[] {
    const swept: Part[] = [];
    for (const bucket of this.buckets.values()) {
      const out = bucket.sweep(unwanted);
      for (const part of out) this.count(bucket, part, -1);
      swept.push(...out);
    }
    this.callers.forget();
    return swept;
  }

  private takeFrom(bucket: Bucket, maxRows: number): Part[] {
    const taken: Part[] = [];
    let rows = 0;
    for (let line = bucket.next(); line !== undefined; line = bucket.next()) {
      rows += line.parts[0]!.rows;
      if (taken.length > 0 && rows > maxRows) break;
      const part = line.parts.shift()!;
      this.callers.serve(line.level, part.place);
      taken.push(part);
    }
    for (const part of taken) this.count(bucket, part, -1);
    return taken;
  }

  /** Keeps the sums; a shape of which nothing waits is forgotten. */
  private count(bucket: Bucket, part: Part, sign: 1 | -1): void {
    const { priority, caller } = part.ticket.job;
    const rows = sign * part.rows;
    bucket.rows += rows;
    this.rows += rows;
    this.bytes += sign * part.byteLength;
    this.length += sign;
    this.callers.wait(caller, rows);
    let level = this.levels.get(priority);
    if (level === undefined) this.levels.set(priority, (level = { parts: 0, rows: 0 }));
    level.parts += sign;
    level.rows += rows;
    if (this.length === 0) this.callers.clear();
    if (bucket.next() === undefined) this.buckets.delete(keyOf(part.ticket.job));
  }
}

/** Jobs of one key may share a run. */
function keyOf({ shapeKey, uncounted }: Job): string {
  return uncounted === true ? `uncounted ${shapeKey}` : shapeKey;
}

/** Whether the first part of `one` runs before that of `other`: by place within a level, by age between levels. */
function precedes(one: Line, other: Line): boolean {
  const [first, second] = [one.parts[0]!, other.parts[0]!];
  if (one.level === other.level) return first.place < second.place;
  return first.ticket.enqueuedAt + one.level * AGING_MS < second.ticket.enqueuedAt + other.level * AGING_MS;
}

function departureOf(bucket: Bucket, maxRows: number, patience: Patience | undefined): Departure | undefined {
  if (bucket.rows >= maxRows) return 'full';
  if (patience === undefined) return 'idle';
  const { since, deadline } = bucket.patience;
  if (since <= patience.since) return 'delay';
  return deadline <= patience.deadline ? 'deadline' : undefined;
}

/** Puts `part` behind those whose place is before it, or the same. */
function insert(parts: Part[], part: Part): void {
  let [start, end] = [0, parts.length];
  // Most come last.
  if (end > 0 && parts[end - 1]!.place <= part.place) start = end;
  while (start < end) {
    const middle = (start + end) >> 1;
    if (parts[middle]!.place <= part.place) start = middle + 1;
    else end = middle;
  }
  if (start === parts.length) parts.push(part);
  else parts.splice(start, 0, part);
}
