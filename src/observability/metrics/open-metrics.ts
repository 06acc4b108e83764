import {
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
} from 'prom-client';
import type { Sample, ScrapedMetric } from './scraped';

/** The metrics of `registry` in OpenMetrics 1.0, with exemplars. The names of samples are those of the text format. */
export async function openMetricsOf(registry: Registry): Promise<string> {
  const open = new Registry<OpenMetricsContentType>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of await registry.getMetricsAsJSON()) {
    const adapted = adapt(metric);
    const { name } = adapted;
    // A registry uses only these two members; its type accepts only the classes of prom-client.
    const registered: unknown = { name, get: async () => adapted };
    open.registerMetric(registered as Parameters<Registry['registerMetric']>[0]);
  }
  return open.metrics();
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: ScrapedMetric['type'] | 'summary' | 'unknown';
  readonly values: readonly Sample[];
}

/** `metric` as OpenMetrics wants it. */
function adapt({ name, help, type, values }: MetricObjectWithValues<MetricValue<string>>): Family {
  const samples = values as unknown as readonly Sample[];
  switch (String(type)) {
    // The samples of a counter end in _total, and prom-client adds that. Those of Triton do not.
    case 'counter':
      return name.endsWith('_total')
        ? { name: name.slice(0, -'_total'.length), help, type: 'counter', values: samples }
        : { name, help, type: 'unknown', values: samples };
    case 'histogram':
      return { name, help, type: 'histogram', values: samples.map(withCanonicalBound) };
    default:
      return { name, help, type: String(type) as Family['type'], values: samples };
  }
}

/** Bounds of buckets have a decimal point: `1.0`. */
function withCanonicalBound(sample: Sample): Sample {
  const { le } = sample.labels;
  if (le === undefined || !/^\d+$/.test(String(le))) return sample;
  return { ...sample, labels: { ...sample.labels, le: `${le}.0` } };
}
