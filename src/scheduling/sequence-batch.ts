import type { ShapeQueue } from './shape-queue';
import type { Part } from './job';

/** Length classes per doubling of the length, so that lengths in a class differ by at most an eighth. */
const CLASSES_PER_OCTAVE = 8;

/**
 * Tokens of padding that one more row may cost. The fixed cost of a run of a small encoder is about that of 18 tokens on
 * a CPU. Simulated with texts of 4 to 512 tokens, 4 gives the highest throughput: most rows find a closer match later.
 */
const MAX_PADDING = 4;
/** The same as a share of the longest row, for long ones. */
const MAX_PADDING_SHARE = 1 / 8;

/** The longest length in the length class of `length`. */
export function lengthClassOf(length: number): number {
  const step = Math.max(1, 2 ** Math.floor(Math.log2(length)) / CLASSES_PER_OCTAVE);
  return Math.max(1, Math.ceil(length / step) * step);
}

/** A batch of sequences while it is filled. Each pays for the longest. */
export class SequenceBatch {
  readonly parts: Part[] = [];
  private longest = 0;

  constructor(
    private readonly maxRows: number,
    private readonly maxTokens: number,
  ) {}

  /** Whether `part` can join within the limits. Any part can be the first. */
  fits(part: Part): boolean {
    const rows = this.parts.length + 1;
    if (rows === 1) return true;
    return rows <= this.maxRows && rows * Math.max(this.longest, lengthOf(part)) <= this.maxTokens;
  }

  add(part: Part): void {
    this.parts.push(part);
    this.longest = Math.max(this.longest, lengthOf(part));
  }

  /** The bucket of `family` whose next part adds the least padding; undefined if each would add too much. */
  nearest(family: string, buckets: Iterable<ShapeQueue>): ShapeQueue | undefined {
    let nearest: ShapeQueue | undefined;
    let least = Math.max(MAX_PADDING, this.longest * MAX_PADDING_SHARE);
    for (const bucket of buckets) {
      if (bucket.family !== family) continue;
      const length = lengthOf(bucket.next()!.parts[0]!);
      // A shorter part is padded itself; a longer one pads all others.
      const padding =
        length <= this.longest ? this.longest - length : this.parts.length * (length - this.longest);
      if (padding <= least) [nearest, least] = [bucket, padding];
    }
    return nearest;
  }
}

function lengthOf({ ticket }: Part): number {
  return ticket.job.sequence!.length;
}
