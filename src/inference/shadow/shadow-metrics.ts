import { Injectable } from '@nestjs/common';
import { Siblings, type Gathered } from '../../common/siblings';
import { Metrics } from '../../observability/metrics/metrics';
import { registerScraped, type Sample, type ScrapedMetric } from '../../observability/metrics/scraped';
import { ShadowStatistics, type OutputAgreement } from './shadow-statistics';

/** The comparison results of one shadow in one gateway process. Means are in seconds, of the compared requests. */
export interface ShadowResult extends Pick<
  ShadowStatistics,
  'since' | 'compared' | 'failed' | 'dropped' | 'lastFailure'
> {
  readonly version: string;
  readonly outputs: ReadonlyMap<string, OutputAgreement>;
  readonly answeringMean: number;
  readonly shadowingMean: number;
}

/** The `nexus_shadow_*` metrics: one series per model, for its current or last shadow while that version is served. */
@Injectable()
export class ShadowMetrics {
  private readonly byModel = new Map<string, ShadowStatistics>();

  private readonly gather: (model: string) => Promise<Gathered<ShadowResult | undefined>>;

  constructor(
    private readonly metrics: Metrics,
    siblings: Siblings,
  ) {
    this.gather = siblings.gather('shadow', (model: string) => resultOf(this.byModel.get(model)));
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

  /**
   * The results of one shadow of `model` in all gateway processes: those of `version` if it has any, otherwise of the shadow
   * that received requests last. Empty if there was none.
   */
  async results(model: string, version: string | undefined): Promise<readonly ShadowResult[]> {
    const { values } = await this.gather(model);
    const results = values
      .filter((result) => result !== undefined)
      .toSorted((one, other) => other.since.getTime() - one.since.getTime());
    const shown = results.find((result) => result.version === version) ?? results[0];
    return results.filter((result) => result.version === shown?.version);
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

function resultOf(statistics: ShadowStatistics | undefined): ShadowResult | undefined {
  if (statistics === undefined) return undefined;
  const { labels, since, compared, failed, dropped, lastFailure, outputs, answering, shadowing } = statistics;
  return {
    version: labels.version,
    since,
    compared,
    failed,
    dropped,
    lastFailure,
    outputs,
    answeringMean: answering.mean,
    shadowingMean: shadowing.mean,
  };
}

function agreements({ outputs }: ShadowStatistics, value: (output: OutputAgreement) => number): number[] {
  return Array.from(outputs.values(), value);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
