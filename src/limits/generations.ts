import { Bucket } from './bucket';

/**
 * The buckets of all counters with the same window, in two generations. A bucket in use is in the younger one. After each
 * window the older one is dropped as a whole: its buckets have not been used for a window, so they are empty. With too many
 * buckets, it is dropped earlier, which forgives its counters one window at most.
 */
export class Generations {
  private young = new Map<string, Bucket>();
  private old = new Map<string, Bucket>();
  private rotatesAt = 0;

  /** @param most buckets per generation, so at most twice as many in total. */
  constructor(
    private readonly windowMs: number,
    private readonly most: number,
  ) {}

  /** Number of buckets in memory. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  /** The bucket of `subject`; an empty one if there is none. `now` is in milliseconds. */
  bucketOf(subject: string, now: number): Bucket {
    if (now >= this.rotatesAt || this.young.size >= this.most) this.rotate(now);
    const known = this.young.get(subject);
    if (known !== undefined) return known;
    const bucket = this.old.get(subject) ?? new Bucket(now);
    this.young.set(subject, bucket);
    return bucket;
  }

  private rotate(now: number): void {
    this.old = this.young;
    this.young = new Map();
    this.rotatesAt = now + this.windowMs;
  }
}
