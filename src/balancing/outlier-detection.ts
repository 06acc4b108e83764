import type { OutlierRecord } from './outlier-record';

/** Failures in a row that eject a target. */
const MOST_CONSECUTIVE = 3;

/** Requests of the last 10 s, or latencies, below which a target is not compared. */
const LEAST_REQUESTS = 20;

/** How far the success rate may lie below the mean of the other targets. */
const MOST_BELOW_MEAN = 0.2;

/** How many times the median latency of the other targets is too slow. */
const MOST_TIMES_MEDIAN = 3;

/** Latency in milliseconds that is never too slow. */
const NEVER_SLOW_MS = 50;

/** Returns why a target is an outlier after the failures in a row; undefined if it is not one. */
export function failingReason({ consecutiveFailures }: OutlierRecord): string | undefined {
  return consecutiveFailures < MOST_CONSECUTIVE
    ? undefined
    : `${consecutiveFailures} requests in a row failed`;
}

/**
 * Compares a target with the others by success rate and latency. Targets with few requests are not compared.
 * @param others records of the other targets in use.
 * @param now in milliseconds.
 * @returns why the target is an outlier; undefined if it is not one.
 */
export function outlierReason(
  record: OutlierRecord,
  others: readonly OutlierRecord[],
  now: number,
): string | undefined {
  return lowSuccess(record, others, now) ?? slowness(record, others);
}

function lowSuccess(record: OutlierRecord, others: readonly OutlierRecord[], now: number) {
  const { requests, successRate } = record.recent(now);
  if (requests < LEAST_REQUESTS) return undefined;
  const rates = others
    .map((other) => other.recent(now))
    .filter((other) => other.requests >= LEAST_REQUESTS)
    .map((other) => other.successRate);
  if (rates.length === 0) return undefined;
  const mean = rates.reduce((total, rate) => total + rate, 0) / rates.length;
  if (successRate >= mean - MOST_BELOW_MEAN) return undefined;
  return `${percent(successRate)} of its requests succeed, and ${percent(mean)} at the other targets`;
}

function slowness({ latencies, latencyMs }: OutlierRecord, others: readonly OutlierRecord[]) {
  if (latencies < LEAST_REQUESTS || latencyMs <= NEVER_SLOW_MS) return undefined;
  const sorted = others
    .filter((other) => other.latencies >= LEAST_REQUESTS)
    .map((other) => other.latencyMs)
    .toSorted((one, other) => one - other);
  // The lower of two middle ones would eject more; the upper one is the careful choice.
  const median = sorted[sorted.length >> 1];
  if (median === undefined || latencyMs <= MOST_TIMES_MEDIAN * median) return undefined;
  return `it takes ${Math.round(latencyMs)} ms, and the other targets ${Math.round(median)} ms`;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
