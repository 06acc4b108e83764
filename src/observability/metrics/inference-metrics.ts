import type { Registry } from 'prom-client';
import type { Distribution } from './distribution';
import type { ModelMetrics } from './model-metrics';
import { registerScraped, type Sample } from './scraped';

/** The `nexus_inference_*` metrics: one series for each model version being served. */
export class InferenceMetrics {
  /** @param models returns the metrics of every version currently served. */
  constructor(
    private readonly registry: Registry,
    readonly models: () => Iterable<ModelMetrics>,
  ) {
    this.counter('requests_total', 'Completed requests, by outcome.', ({ labels, outcomes }) =>
      [...outcomes].map(([outcome, value]) => ({ labels: { ...labels, outcome }, value })),
    );
    this.counter('rows_total', 'Rows of successful requests, without cache hits.', ({ labels, rows }) => [
      { labels, value: rows },
    ]);
    this.counter('executions_total', 'Successful runs of the model.', ({ labels, executions }) => [
      { labels, value: executions },
    ]);
    this.counter('cache_total', 'Responses of models with a cache, by outcome: hit, miss.', cacheSamples);
    this.counter(
      'padding_rows_total',
      'Rows added to reach an allowed batch size.',
      ({ labels, paddingRows }) => [{ labels, value: paddingRows }],
    );
    this.counter(
      'padding_bytes_total',
      'Bytes added to pad inputs to a common length.',
      ({ labels, paddingBytes }) => [{ labels, value: paddingBytes }],
    );
    this.counter(
      'tokens_total',
      'Tokens of texts in successful runs, without padding.',
      ({ labels, tokens }) => [{ labels, value: tokens }],
    );
    this.counter(
      'padding_tokens_total',
      'Tokens added to pad texts to the longest of their batch.',
      ({ labels, paddingTokens }) => [{ labels, value: paddingTokens }],
    );
    this.counter(
      'priority_requests_total',
      'Requests that started to run, by priority level.',
      ({ labels, waits }) => byPriority(labels, waits, ({ requests }) => requests),
    );
    this.counter(
      'priority_wait_seconds_total',
      'Total time that requests waited in the queue, by priority level.',
      ({ labels, waits }) => byPriority(labels, waits, ({ seconds }) => seconds),
    );
    this.counter(
      'batches_total',
      'Batches taken from the queue, by reason: full, idle (nothing was worth waiting for), delay (the delay expired), deadline (a request could not wait longer), retry (a smaller batch, after a larger one failed).',
      ({ labels, flushes }) => byReason(labels, flushes),
    );
    this.counter(
      'refusals_total',
      'Rejected requests, by reason: queue_full, deadline (it could not be met), displaced (evicted for clients with a smaller share).',
      ({ labels, refusals }) => byReason(labels, refusals),
    );
    this.counter(
      'batch_checks_total',
      'Batches verified by running one of their rows again, alone, by outcome: same, mixed (rows depend on each other; batching stops).',
      ({ labels, checks }) =>
        [...checks].map(([outcome, value]) => ({ labels: { ...labels, outcome }, value })),
    );
    this.counter(
      'fallbacks_total',
      'Requests that a model got because another one could not answer, by that other model (from).',
      ({ labels, fallbacks }) =>
        [...fallbacks].map(([from, value]) => ({ labels: { ...labels, from }, value })),
    );
    this.histogram('batch_rows', 'Rows per run, without padding rows.', ({ batchRows }) => batchRows);
    this.histogram('run_duration_seconds', 'Duration of a run.', ({ run }) => run);
    this.histogram(
      'queue_duration_seconds',
      'Time that a request waited in the queue.',
      ({ queue }) => queue,
    );
    this.histogram(
      'decode_duration_seconds',
      'Time to decode the tensors of a request.',
      ({ decode }) => decode,
    );
    this.histogram(
      'encode_duration_seconds',
      'Time to encode the tensors of a response.',
      ({ encode }) => encode,
    );
    this.histogram('request_duration_seconds', 'Time from request to response.', ({ total }) => total);
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
