import type { Registry } from 'prom-client';
import { TARGET_STATES, type ModelSnapshot, type TargetSnapshot } from './model-snapshot';
import { registerScraped, type Sample } from './scraped';
import type { TargetCount } from './target-counts';

/** Registers the `nexus_target_*` metrics: one series for each target of each model version. */
export function registerTargetMetrics(registry: Registry, models: () => Iterable<ModelSnapshot>): void {
  const add = (type: 'counter' | 'gauge' | 'histogram', name: string, help: string, read: () => Sample[]) =>
    registerScraped(registry, {
      name,
      help,
      type,
      aggregator: name === 'nexus_target_state' ? 'max' : 'sum',
      read,
    });
  const each = (samples: (count: TargetCount, labels: Sample['labels']) => Sample[]) =>
    Array.from(models()).flatMap(({ metrics }) =>
      [...metrics.targets.all].flatMap(([target, count]) => samples(count, { ...metrics.labels, target })),
    );
  const live = (value: (target: TargetSnapshot) => number, more: Sample['labels'] = {}) =>
    Array.from(models()).flatMap(({ model, version, targets }) =>
      targets.map((target) => ({
        labels: { model, version, target: target.id, ...more },
        value: value(target),
      })),
    );
  add('counter', 'nexus_target_requests_total', 'Attempts on a target, by outcome.', () =>
    each(({ outcomes }, labels) => byLabel(labels, 'outcome', outcomes)),
  );
  add(
    'counter',
    'nexus_target_retries_total',
    'Further attempts of requests, by reason: retry (an attempt failed), hedge (an attempt was slow).',
    () => each(({ retries }, labels) => byLabel(labels, 'reason', retries)),
  );
  add('counter', 'nexus_target_ejections_total', 'Times that a target was taken out of service.', () =>
    each(({ ejections }, labels) => [{ labels, value: ejections }]),
  );
  const duration = 'nexus_target_duration_seconds';
  add('histogram', duration, 'Time of an attempt on a target.', () =>
    each((count, labels) => count.duration.samples(duration, labels)),
  );
  add('gauge', 'nexus_target_in_flight', 'Attempts in flight on a target.', () =>
    live(({ inFlight }) => inFlight),
  );
  add('gauge', 'nexus_target_state', '1 for the current state of a target, 0 for all other states.', () =>
    TARGET_STATES.flatMap((state) => live((target) => Number(target.state === state), { state })),
  );
  const remote = () => Array.from(models()).filter(({ metrics }) => metrics.targets.all.size > 0);
  add(
    'counter',
    'nexus_retry_budget_exhausted_total',
    'Retries that had to wait or were not made, because too many requests were retried.',
    () => remote().map(({ metrics }) => ({ labels: metrics.labels, value: metrics.targets.budgetExhausted })),
  );
  const overhead = 'nexus_gateway_overhead_seconds';
  add('histogram', overhead, 'Time of requests in the gateway, beyond that of the target.', () =>
    remote().flatMap(({ metrics }) => metrics.targets.overhead.samples(overhead, metrics.labels)),
  );
}

function byLabel(labels: Sample['labels'], name: string, counts: ReadonlyMap<string, number>): Sample[] {
  return [...counts].map(([key, value]) => ({ labels: { ...labels, [name]: key }, value }));
}
