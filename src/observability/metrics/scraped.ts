import type { Registry } from 'prom-client';

/** A traced request whose duration is in a bucket. The form is that of prom-client; the timestamp is in seconds. */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number;
}

/** A value with its labels. `metricName` is set for the parts of a histogram, whose names have a suffix. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Exported only in OpenMetrics. */
  readonly exemplar?: Exemplar | undefined;
}

/** A metric whose samples are collected when it is scraped. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the values of several gateway processes are combined. Default: the sum. */
  readonly aggregator?: 'sum' | 'first' | 'max' | 'min';
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/**
 * Registers a metric whose values are plain fields, so that an increment or observation costs about 10 ns. With
 * prom-client's own classes it costs 400 ns, which adds up to a tenth of the smallest inference.
 */
export function registerScraped(
  registry: Registry,
  { name, help, type, aggregator = 'sum', read }: ScrapedMetric,
): void {
  const get = async () => ({ name, help, type, aggregator, values: [...(await read())] });
  // A registry uses only these two members; its type accepts only prom-client's own classes.
  const metric: unknown = { name, get };
  registry.registerMetric(metric as Parameters<Registry['registerMetric']>[0]);
}
