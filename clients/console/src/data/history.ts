/** Seconds that the charts show. */
export const WINDOW_S = 300;

const FIELDS = ['requests', 'errors', 'p50', 'p95', 'p99', 'queue', 'batch', 'hits'] as const;

export type Field = (typeof FIELDS)[number];

/** One value of each field; null where there is none. */
export type Sample = Readonly<Record<Field, number | null>>;

/** The values of the last {@link WINDOW_S} seconds. */
export class History {
  readonly times: number[] = [];
  private readonly values = new Map<Field, (number | null)[]>(FIELDS.map((field) => [field, []]));

  /** Adds the values at `time`, in seconds, and drops those that are too old. */
  push(time: number, sample: Sample): void {
    this.times.push(time);
    for (const field of FIELDS) this.values.get(field)!.push(sample[field]);
    while (this.times[0]! < time - WINDOW_S) {
      this.times.shift();
      for (const field of FIELDS) this.values.get(field)!.shift();
    }
  }

  clear(): void {
    this.times.length = 0;
    for (const values of this.values.values()) values.length = 0;
  }

  of(field: Field): readonly (number | null)[] {
    return this.values.get(field)!;
  }
}
