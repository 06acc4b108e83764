import { rounded } from '../common/rounded';
import { quantile } from '../observability/metrics/quantile';
import { SECONDS } from '../observability/metrics/model-metrics';
import type { ConsoleModel } from './console.dto';
import { failuresOf, type VersionCounts } from './counts';

/** The members of {@link ConsoleModel} that describe a period of time. */
type Rates = Pick<
  ConsoleModel,
  'requests_per_s' | 'errors_per_s' | 'rows_per_s' | 'latency' | 'batch_rows' | 'cache_hits'
>;

/**
 * What happened between `before` and `now`, `seconds` later. Without `before`, which is unknown for a version that is new,
 * nothing. A process that was replaced counts from 0 again, which must not give negative rates.
 */
export function ratesBetween(before: VersionCounts | undefined, now: VersionCounts, seconds: number): Rates {
  if (before === undefined) return { requests_per_s: 0, errors_per_s: 0, rows_per_s: 0 };
  const more = (count: (counts: VersionCounts) => number) => Math.max(0, count(now) - count(before));
  const failed = more(failuresOf);
  const requests = failed + more(({ successes }) => successes);
  const executions = more((counts) => counts.executions);
  const hits = more(({ cacheHits }) => cacheHits);
  const looked = hits + more(({ cacheMisses }) => cacheMisses);
  const durations = now.durations.map((count, bucket) => Math.max(0, count - before.durations[bucket]!));
  const latency = (q: number) => rounded((quantile(SECONDS, durations, q) ?? 0) * 1000);
  return {
    requests_per_s: rounded(requests / seconds),
    errors_per_s: rounded(failed / seconds),
    rows_per_s: rounded(more(({ rows }) => rows) / seconds),
    ...(requests === 0 ? {} : { latency: { p50: latency(0.5), p95: latency(0.95), p99: latency(0.99) } }),
    ...(executions === 0 ? {} : { batch_rows: rounded(more(({ batchRows }) => batchRows) / executions) }),
    ...(looked === 0 ? {} : { cache_hits: rounded(hits / looked) }),
  };
}
