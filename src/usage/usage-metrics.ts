import type { Registry } from 'prom-client';
import { registerScraped } from '../observability/metrics/scraped';
import { noUsage, type UsageCounts, type UsageUnit } from './usage';

/** Maximum number of tenants with series of their own. Every series costs Prometheus memory. */
const MAX_TENANTS = 100;

/** The label of all further tenants together. */
const OTHER = 'other';

/** The `nexus_usage_*` metrics: one series for each of the first 100 tenants, and one for all others together. */
export class UsageMetrics {
  private readonly totals = new Map<string, UsageCounts>();

  constructor(private readonly registry: Registry) {
    this.counter('requests', 'Requests to models, by tenant.');
    this.counter('rows', 'Rows of successful requests, by tenant.');
    this.counter('input_bytes', 'Bytes of the input tensors of successful requests, by tenant.');
    this.counter('tokens', 'Tokens of texts of successful requests, by tenant.');
  }

  /** The totals of `tenant`, which the metrics export. */
  readonly totalOf = (tenant: string): UsageCounts => {
    const label = this.totals.has(tenant) || this.totals.size < MAX_TENANTS ? tenant : OTHER;
    let total = this.totals.get(label);
    if (total === undefined) this.totals.set(label, (total = noUsage()));
    return total;
  };

  private counter(unit: UsageUnit, help: string): void {
    const read = () =>
      Array.from(this.totals, ([tenant, total]) => ({ labels: { tenant }, value: total[unit] }));
    registerScraped(this.registry, { name: `nexus_usage_${unit}_total`, help, type: 'counter', read });
  }
}
