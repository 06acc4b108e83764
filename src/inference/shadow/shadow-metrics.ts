import { Injectable } from '@nestjs/common';
import { Metrics } from '../../observability/metrics/metrics';
import { registerScraped, type Sample, type ScrapedMetric } from '../../observability/metrics/scraped';
import { ShadowStatistics, type OutputAgreement } from './shadow-statistics';

/** The `nexus_shadow_*` metrics: one series per model, for its current or last shadow while that version is served. */
@Injectable()
export class ShadowMetrics {
  private readonly byModel = new Map<string, ShadowStatistics>();

  constructor(private readonly metrics: Metrics) {
    this.register(
      'counter',
      'requests_total',
      'Requests mirrored to a shadow, by outcome: compared, failed, dropped.',
      (shadow) =>
        (['compared', 'failed', 'dropped'] as const).map((outcome) => ({
          labels: { ...shadow.labels, outcome },
          value: shadow[outcome],
        })),
    );
    this.register('gauge', 'max_abs_difference', 'Largest difference between two elements.', (shadow) => [
      { labels: shadow.labels, value: Math.max(0, ...agreements(shadow, ({ largest }) => largest)) },
    ]);
    this.register(
      'counter',
      'label_rows_total',
      'Compared rows of outputs with labels, by whether the labels agree.',
      (shadow) => {
        const rows = sum(agreements(shadow, ({ labelRows }) => labelRows));
        const same = sum(agreements(shadow, ({ sameLabels }) => sameLabels));
        return [
          { labels: { ...shadow.labels, agree: 'true' }, value: same },
          { labels: { ...shadow.labels, agree: 'false' }, value: rows - same },
        ];
      },
    );
    const name = 'nexus_shadow_duration_seconds';
    this.register(
      'histogram',
      'duration_seconds',
      'Time from the queue to the outputs, by role: answering, shadow.',
      ({ labels, answering, shadowing }) => [
        ...answering.samples(name, { ...labels, role: 'answering' }),
        ...shadowing.samples(name, { ...labels, role: 'shadow' }),
      ],
    );
  }

  /** The statistics of the shadow `version` of `model`. They start from zero if the last shadow was another version. */
  of(model: string, version: string): ShadowStatistics {
    let statistics = this.byModel.get(model);
    if (statistics?.labels.version !== version)
      this.byModel.set(model, (statistics = new ShadowStatistics({ model, version })));
    return statistics;
  }

  /** The statistics of the current or last shadow of `model`; undefined if it has had none. */
  last(model: string): ShadowStatistics | undefined {
    return this.byModel.get(model);
  }

  private isServed({ model, version }: ShadowStatistics['labels']): boolean {
    return Array.from(this.metrics.models()).some(
      (served) => served.model === model && served.version === version,
    );
  }

  private register(
    type: ScrapedMetric['type'],
    suffix: string,
    help: string,
    samples: (shadow: ShadowStatistics) => Sample[],
  ): void {
    const read = () =>
      [...this.byModel.values()].filter(({ labels }) => this.isServed(labels)).flatMap(samples);
    const aggregator = type === 'gauge' ? 'max' : 'sum';
    registerScraped(this.metrics.registry, { name: `nexus_shadow_${suffix}`, help, type, aggregator, read });
  }
}

function agreements({ outputs }: ShadowStatistics, value: (output: OutputAgreement) => number): number[] {
  return Array.from(outputs.values(), value);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
