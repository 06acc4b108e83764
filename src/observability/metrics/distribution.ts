import type { Sample } from './scraped';

/** A histogram with fixed buckets, for one set of labels. */
export class Distribution {
  private readonly counts: Float64Array;
  private sum = 0;

  /** @param bounds inclusive upper bounds of the buckets, ascending; larger values fall into an additional last bucket. */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** A copy of the number of values in each bucket; the last is that of larger values. */
  get buckets(): Float64Array {
    return this.counts.slice();
  }

  /** Sum of the observed values. */
  get total(): number {
    return this.sum;
  }

  /** Mean of the observed values, 0 if there are none. */
  get mean(): number {
    const count = this.counts.reduce((total, bucket) => total + bucket, 0);
    return count === 0 ? 0 : this.sum / count;
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
  }

  /** The samples of a Prometheus histogram: cumulative buckets, sum and count. */
  samples(name: string, labels: Sample['labels']): Sample[] {
    let total = 0;
    const buckets = Array.from(this.counts, (count, bucket) => {
      total += count;
      const le = this.bounds[bucket] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }
}
