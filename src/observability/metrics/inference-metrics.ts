import type { Registry } from 'prom-client';
import type { Distribution } from './distribution';
import type { ModelMetrics } from './model-metrics';
import { registerScraped, type Sample } from './scraped';

/** The `nexus_inference_*` metrics: one series for each version of a model that is served. */
export class InferenceMetrics {
  /** @param models returns the metrics of every version that is served now. */
  constructor(
    private readonly registry: Registry,
    readonly models: () => Iterable<ModelMetrics>,
  ) {
    this.counter('requests_total', 'Requests that ended, by outcome.', ({ labels, outcomes }) =>
      [...outcomes].map(([outcome, value]) => ({ labels: { ...labels, outcome }, value })),
    );
    this.counter(
      'rows_total',
      'Rows of requests that succeeded, without those answered by the cache.',
      ({ labels, rows }) => [{ labels, value: rows }],
    );
    this.counter('executions_total', 'Runs of the model that succeeded.', ({ labels, executions }) => [
      { labels, value: executions },
    ]);
    this.counter('cache_total', 'Answers of models with a cache: from it, or not.', cacheSamples);
    this.counter(
      'padding_rows_total',
      'Rows that only filled a run up to an allowed size.',
      ({ labels, paddingRows }) => [{ labels, value: paddingRows }],
    );
    this.counter(
      'padding_bytes_total',
      'Bytes that only filled inputs up to a common length.',
      ({ labels, paddingBytes }) => [{ labels, value: paddingBytes }],
    );
    this.counter(
      'priority_requests_total',
      'Requests that began to run, by priority level.',
      ({ labels, waits }) => byPriority(labels, waits, ({ requests }) => requests),
    );
    this.counter(
      'priority_wait_seconds_total',
      'Time that those requests had waited, together.',
      ({ labels, waits }) => byPriority(labels, waits, ({ seconds }) => seconds),
    );
    this.counter(
      'batches_total',
      'Batches that left the queue, by reason: full, idle (nothing was worth waiting for), delay, deadline, retry.',
      ({ labels, flushes }) => byReason(labels, flushes),
    );
    this.counter(
      'refusals_total',
      'Requests that were not run, by reason: queue_full, deadline (it could not be met), displaced (others had less).',
      ({ labels, refusals }) => byReason(labels, refusals),
    );
    this.counter(
      'batch_checks_total',
      'Batches of which a row was run again alone, by outcome: same, mixed (rows depend on each other; batching stops).',
      ({ labels, checks }) =>
        [...checks].map(([outcome, value]) => ({ labels: { ...labels, outcome }, value })),
    );
    this.histogram('batch_rows', 'Rows of one run.', ({ batchRows }) => batchRows);
    this.histogram('run_duration_seconds', 'Time of one run.', ({ run }) => run);
    this.histogram('queue_duration_seconds', 'Time a request waited.', ({ queue }) => queue);
    this.histogram(
      'decode_duration_seconds',
      'Time to read the tensors of a request.',
      ({ decode }) => decode,
    );
    this.histogram(
      'encode_duration_seconds',
      'Time to write the tensors of an answer.',
      ({ encode }) => encode,
    );
    this.histogram('request_duration_seconds', 'Time from request to answer.', ({ total }) => total);
  }

  private counter(suffix: string, help: string, samples: (model: ModelMetrics) => Sample[]): void {
    this.register('counter', `nexus_inference_${suffix}`, help, samples);
  }

  private histogram(suffix: string, help: string, values: (model: ModelMetrics) => Distribution): void {
    const name = `nexus_inference_${suffix}`;
    this.register('histogram', name, help, (model) => values(model).samples(name, model.labels));
  }

  private register(
    type: 'counter' | 'histogram',
    name: string,
    help: string,
    samples: (model: ModelMetrics) => Sample[],
  ): void {
    const read = () => [...this.models()].flatMap(samples);
    registerScraped(this.registry, { name, help, type, read });
  }
}

function byReason(labels: ModelMetrics['labels'], counts: ReadonlyMap<string, number>): Sample[] {
  return [...counts].map(([reason, value]) => ({ labels: { ...labels, reason }, value }));
}

function cacheSamples({ labels, statistics: { cacheHit, cacheMiss } }: ModelMetrics): Sample[] {
  if (cacheHit.count + cacheMiss.count === 0) return [];
  return [
    { labels: { ...labels, outcome: 'hit' }, value: cacheHit.count },
    { labels: { ...labels, outcome: 'miss' }, value: cacheMiss.count },
  ];
}

function byPriority(
  labels: ModelMetrics['labels'],
  waits: ModelMetrics['waits'],
  valueOf: (wait: { requests: number; seconds: number }) => number,
): Sample[] {
  return Array.from(waits, ([priority, wait]) => ({
    labels: { ...labels, priority: String(priority) },
    value: valueOf(wait),
  }));
}
