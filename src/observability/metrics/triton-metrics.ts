import { cpus, freemem, totalmem } from 'node:os';
import type { Registry } from 'prom-client';
import type { Metrics } from './metrics';
import type { ModelSnapshot } from './model-snapshot';
import type { ModelMetrics, RequestOutcome } from './model-metrics';
import type { Durations, ModelStatistics } from './model-statistics';
import { registerScraped, type Sample } from './scraped';

/** Triton's failure reasons, and the outcomes that each includes. */
const FAILURES: Readonly<Record<string, readonly RequestOutcome[]>> = {
  REJECTED: ['overloaded', 'rate_limited', 'deadline', 'unavailable'],
  CANCELED: ['cancelled'],
  BACKEND: ['internal', 'bad_gateway'],
  OTHER: ['invalid', 'not_found', 'too_large', 'unsupported_encoding'],
};

const MICROSECONDS: Readonly<Record<string, (statistics: ModelStatistics) => Durations>> = {
  request: ({ success }) => success,
  queue: ({ queue }) => queue,
  compute_input: ({ input }) => input,
  compute_infer: ({ infer }) => infer,
  compute_output: ({ output }) => output,
};

/** Adds Triton's `nv_*` metrics to `metrics`, so that dashboards made for Triton work. */
export function addTritonMetrics(metrics: Metrics): void {
  const { registry } = metrics;
  const counter = (name: string, help: string, samples: (model: ModelMetrics) => Sample[]) =>
    registerScraped(registry, {
      name: `nv_inference_${name}`,
      help,
      type: 'counter',
      read: () => [...metrics.inference.models()].flatMap(samples),
    });
  counter('request_success', 'Successful requests.', ({ labels, outcomes }) => [
    { labels, value: outcomes.get('success') ?? 0 },
  ]);
  counter('request_failure', 'Failed requests, by reason.', failures);
  counter('count', 'Rows of successful requests, without cache hits.', ({ labels, rows }) => [
    { labels, value: rows },
  ]);
  counter('exec_count', 'Successful runs of the model.', ({ labels, executions }) => [
    { labels, value: executions },
  ]);
  for (const [step, durations] of Object.entries(MICROSECONDS)) {
    counter(`${step}_duration_us`, `Total ${step} time of successful requests, in microseconds.`, (model) => [
      { labels: model.labels, value: Math.round(durations(model.statistics).ms * 1000) },
    ]);
  }
  addCacheMetrics(metrics);
  modelGauge(metrics, 'nv_inference_pending_request_count', 'Requests in the queue.', (model) => [
    model.waitingRequests,
  ]);
  modelGauge(metrics, 'nv_model_load_duration_secs', 'Load time of the model, in seconds.', ({ loadMs }) =>
    loadMs === undefined ? [] : [loadMs / 1000],
  );
  addCpuMetrics(registry);
}

function addCacheMetrics({ registry, inference }: Metrics): void {
  const counter = (name: string, help: string, value: (statistics: ModelStatistics) => number) =>
    registerScraped(registry, {
      name: `nv_cache_${name}_per_model`,
      help,
      type: 'counter',
      read: () =>
        Array.from(inference.models(), ({ labels, statistics }) => ({ labels, value: value(statistics) })),
    });
  const microseconds = ({ ms }: Durations) => Math.round(ms * 1000);
  counter('num_hits', 'Cache hits.', ({ cacheHit }) => cacheHit.count);
  counter('num_misses', 'Cache misses.', ({ cacheMiss }) => cacheMiss.count);
  counter('hit_duration', 'Total time of cache hits, in microseconds.', ({ cacheHit }) =>
    microseconds(cacheHit),
  );
  counter(
    'miss_duration',
    'Total cache time of cache misses, without runs, in microseconds.',
    ({ cacheMiss }) => microseconds(cacheMiss),
  );
}

function failures({ labels, outcomes }: ModelMetrics): Sample[] {
  return Object.entries(FAILURES).map(([reason, kinds]) => ({
    labels: { ...labels, reason },
    value: kinds.reduce((sum, kind) => sum + (outcomes.get(kind) ?? 0), 0),
  }));
}

function modelGauge(
  metrics: Metrics,
  name: string,
  help: string,
  values: (model: ModelSnapshot) => number[],
): void {
  const read = () =>
    [...metrics.models()].flatMap((model) =>
      values(model).map((value) => ({ labels: { model: model.model, version: model.version }, value })),
    );
  registerScraped(metrics.registry, { name, help, type: 'gauge', read });
}

function addCpuMetrics(registry: Registry): void {
  let before = cpuTimes();
  const utilization = () => {
    const now = cpuTimes();
    const elapsed = now.total - before.total;
    const share = elapsed === 0 ? 0 : 1 - (now.idle - before.idle) / elapsed;
    before = now;
    return share;
  };
  const gauge = (name: string, help: string, value: () => number) =>
    registerScraped(registry, {
      name,
      help,
      type: 'gauge',
      aggregator: 'max',
      read: () => [{ labels: {}, value: value() }],
    });
  gauge('nv_cpu_utilization', 'CPU utilization since the last scrape, from 0 to 1.', utilization);
  gauge('nv_cpu_memory_total_bytes', 'Total memory of the machine, in bytes.', totalmem);
  gauge('nv_cpu_memory_used_bytes', 'Memory in use, in bytes.', () => totalmem() - freemem());
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}
