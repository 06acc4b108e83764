import { Injectable } from '@nestjs/common';
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import { Cluster, type Gathered } from '../../common/cluster';
import { Metrics } from './metrics';
import { openMetricsOf } from './open-metrics';
import { registerScraped } from './scraped';

type Exported = MetricObjectWithValues<MetricValue<string>>[];

/** The contents of `/metrics`: with several gateway processes, that of all of them together. */
@Injectable()
export class MetricsReport {
  private readonly gather: () => Promise<Gathered<Exported>>;

  constructor(
    private readonly metrics: Metrics,
    private readonly cluster: Cluster,
  ) {
    this.gather = cluster.gather('metrics', () => metrics.registry.getMetricsAsJSON());
  }

  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    return (await this.registry()).metrics();
  }

  /** All metrics in OpenMetrics 1.0: with exemplars if there is one process, because exemplars of several cannot be merged. */
  async openMetrics(): Promise<string> {
    return openMetricsOf(await this.registry());
  }

  private async registry(): Promise<Registry> {
    if (this.cluster.count === 1) return this.metrics.registry;
    const { values, stale, running, restarts, unanswered } = await this.gather();
    const all = [...values, ...stale.map((last) => this.totalsOf(last))];
    const registry = AggregatorRegistry.aggregate(all) as Registry;
    const add = (type: 'gauge' | 'counter', name: string, help: string, value: number) =>
      registerScraped(registry, { name, help, type, read: () => [{ labels: {}, value }] });
    add('gauge', 'nexus_processes', 'Gateway processes that run.', running);
    add(
      'counter',
      'nexus_process_restarts_total',
      'Gateway processes that ended and were replaced.',
      restarts,
    );
    add(
      'counter',
      'nexus_process_timeouts_total',
      'Times that a process did not report its metrics or statistics in time. Its last counts were used.',
      unanswered,
    );
    return registry;
  }

  /** The counts in `last`, the last values of a process, without gauges and models that are no longer served. */
  private totalsOf(last: Exported): Exported {
    const served = new Set(Array.from(this.metrics.models(), ({ model, version }) => `${model}/${version}`));
    return last
      .filter(({ type }) => String(type) === 'counter' || String(type) === 'histogram')
      .map((metric) => ({
        ...metric,
        values: metric.values.filter(
          ({ labels: { model, version } }) =>
            model === undefined || version === undefined || served.has(`${model}/${version}`),
        ),
      }));
  }
}
