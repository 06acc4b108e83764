import type { Registry } from 'prom-client';

/** A value with its labels; `metricName` differs from the metric's own name for the parts of a histogram. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A metric whose samples are read when it is scraped. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/**
 * Registers a metric whose values are plain fields: an increment or an observation costs about 10 ns. With prom-client's
 * own classes it costs 400 ns, which adds up to a tenth of the smallest inference.
 */
export function registerScraped(registry: Registry, { name, help, type, read }: ScrapedMetric): void {
  const get = async () => ({ name, help, type, aggregator: 'sum', values: [...(await read())] });
  // A registry asks a metric for nothing but these two; its type lists only its own classes.
  const metric: unknown = { name, get };
  registry.registerMetric(metric as Parameters<Registry['registerMetric']>[0]);
}
