import type { ConsoleModel } from './schemas.ts';
import type { Sample } from './history.ts';

/** What a model does now. */
export function sampleOf(model: ConsoleModel): Sample {
  return {
    requests: model.requests_per_s,
    errors: model.errors_per_s,
    p50: model.latency?.p50 ?? null,
    p95: model.latency?.p95 ?? null,
    p99: model.latency?.p99 ?? null,
    queue: model.queue_requests,
    batch: model.batch_rows ?? null,
    hits: model.cache_hits ?? null,
  };
}

/** What all models do together now. */
export function totalOf(models: Iterable<ConsoleModel>): Sample {
  let requests = 0;
  let errors = 0;
  let queue = 0;
  let rows = 0;
  let runs = 0;
  const measured: ConsoleModel[] = [];
  for (const model of models) {
    requests += model.requests_per_s;
    errors += model.errors_per_s;
    queue += model.queue_requests;
    if (model.batch_rows) {
      rows += model.rows_per_s;
      runs += model.rows_per_s / model.batch_rows;
    }
    if (model.latency && model.requests_per_s > 0) measured.push(model);
  }
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(measured, share));
  return {
    requests,
    errors,
    queue,
    batch: runs > 0 ? rows / runs : null,
    hits: null,
    p50: p50 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
  };
}

/**
 * Estimates a quantile of the requests to all `models`: each model's latency is taken as linear between its percentiles,
 * and weighs as many requests as it answers.
 */
export function quantile(models: readonly ConsoleModel[], share: number): number | undefined {
  if (models.length === 0) return undefined;
  const total = models.reduce((sum, { requests_per_s }) => sum + requests_per_s, 0);
  let low = 0;
  let high = Math.max(...models.map(({ latency }) => latency!.p99));
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    let below = 0;
    for (const model of models) below += model.requests_per_s * shareBelow(model, middle);
    if (below < share * total) low = middle;
    else high = middle;
  }
  return high;
}

function shareBelow({ latency }: ConsoleModel, time: number): number {
  const { p50, p95, p99 } = latency!;
  const points = [
    [0, 0],
    [p50, 0.5],
    [p95, 0.95],
    [p99, 0.99],
  ] as const;
  if (time >= p99) return 1;
  for (let index = 1; index < points.length; index++) {
    const [from, shareFrom] = points[index - 1]!;
    const [to, shareTo] = points[index]!;
    if (time < to) return shareFrom + ((shareTo - shareFrom) * (time - from)) / (to - from);
  }
  return 1;
}
