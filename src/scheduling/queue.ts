import type { Part } from './job';

/** Parts whose rows have one shape, first in, first out. */
class Bucket {
  readonly parts: Part[] = [];
  rows = 0;

  get waitingSince(): number {
    return this.parts[0]!.ticket.enqueuedAt;
  }
}

/**
 * Parts waiting to run, in one line for each shape key: a batch is always of one shape, and two shapes that
 * alternate still fill batches.
 */
export class Queue {
  private readonly buckets = new Map<string, Bucket>();
  /** Rows, bytes and parts that wait. */
  rows = 0;
  bytes = 0;
  length = 0;

  /** Puts `part` at the end of its line. */
  push(part: Part): void {
    const key = part.ticket.job.shapeKey;
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = new Bucket()));
    bucket.parts.push(part);
    this.count(bucket, part, 1);
  }

  /**
   * Takes parts of one shape, up to `maxRows` rows, from the line that has waited longest, so that no shape
   * starves; just one part unless `several`. Only lines that are full or have waited since `before` count; empty when
   * there is none.
   */
  take(maxRows: number, before: number, several = true): Part[] {
    let chosen: Bucket | undefined;
    for (const bucket of this.buckets.values()) {
      const due = bucket.rows >= maxRows || bucket.waitingSince <= before;
      if (due && (chosen === undefined || bucket.waitingSince < chosen.waitingSince)) chosen = bucket;
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
      const out: Part[] = [];
      for (const part of bucket.parts.splice(0)) (unwanted(part) ? out : bucket.parts).push(part);
      for (const part of out) this.count(bucket, part, -1);
      swept.push(...out);
    }
    return swept;
  }

  private takeFrom(bucket: Bucket, maxRows: number): Part[] {
    let count = 0;
    for (let rows = 0; count < bucket.parts.length; count++) {
      rows += bucket.parts[count]!.rows;
      if (count > 0 && rows > maxRows) break;
    }
    const taken = bucket.parts.splice(0, count);
    for (const part of taken) this.count(bucket, part, -1);
    return taken;
  }

  /** Keeps the sums; a line without parts is forgotten. */
  private count(bucket: Bucket, part: Part, sign: 1 | -1): void {
    bucket.rows += sign * part.rows;
    this.rows += sign * part.rows;
    this.bytes += sign * part.byteLength;
    this.length += sign;
    if (bucket.parts.length === 0) this.buckets.delete(part.ticket.job.shapeKey);
  }
}
