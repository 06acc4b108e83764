import type { ErrorKind } from '../common/error-kind';
import type { Servable } from '../models/model';
import type { RecentError } from '../observability/log/recent-errors';
import type { Metrics } from '../observability/metrics/metrics';

/** What gateway processes have counted for a version of a model since their start, and its load at this moment. */
export interface VersionCounts {
  readonly model: string;
  readonly version: string;
  readonly successes: number;
  /** By kind of error. */
  readonly failures: Readonly<Partial<Record<ErrorKind, number>>>;
  readonly rows: number;
  readonly executions: number;
  /** Rows of all runs. */
  readonly batchRows: number;
  /** Requests by duration, in the buckets of ModelMetrics. */
  readonly durations: Float64Array;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly restarts: number;
  readonly waitingRequests: number;
  readonly running: number;
  /** Resident memory of its runners, in bytes; 0 without runners. */
  readonly memoryBytes: number;
}

/** What one gateway process reports. It can be cloned (structured clone). */
export interface ProcessCounts {
  readonly pid: number;
  /** CPU time since its start, in seconds. */
  readonly cpuS: number;
  readonly memoryBytes: number;
  readonly inFlightBytes: number;
  readonly inFlightLimitBytes: number;
  /** 99th percentile of the delay of the event loop since the last report, in milliseconds. */
  readonly eventLoopMs: number;
  readonly connections: number;
  /** Newest last. */
  readonly errors: readonly RecentError[];
  readonly versions: readonly VersionCounts[];
}

/** The counts of `served` in this process. @param memoryBytes resident memory of its runners. */
export function countsOf(
  { name, version, metrics: counted, load }: Servable,
  metrics: Metrics,
  memoryBytes: number,
): VersionCounts {
  const { outcomes, rows, executions, batchRows, total, statistics } = counted;
  const { success = 0, ...failures } = Object.fromEntries(outcomes) as Partial<
    Record<'success' | ErrorKind, number>
  >;
  return {
    model: name,
    version,
    successes: success,
    failures,
    rows,
    executions,
    batchRows: batchRows.total,
    durations: total.buckets,
    cacheHits: statistics.cacheHit.count,
    cacheMisses: statistics.cacheMiss.count,
    restarts: metrics.restartsOf(name, version),
    waitingRequests: load.waitingRequests,
    running: load.running,
    memoryBytes,
  };
}

/** The key of a version in maps and events. */
export function versionKey({ model, version }: Pick<VersionCounts, 'model' | 'version'>): string {
  return `${model}/${version}`;
}

/**
 * Counts of all processes by {@link versionKey}.
 * @param stale last reports of processes that have ended or did not answer in time. Without their counts, rates would jump.
 */
export function addedUp(
  processes: readonly ProcessCounts[],
  stale: readonly ProcessCounts[],
): ReadonlyMap<string, VersionCounts> {
  const sums = new Map<string, VersionCounts>();
  const past = stale.map(({ versions }) => versions.map(withoutLoad));
  for (const versions of [...processes.map((process) => process.versions), ...past])
    for (const counts of versions) {
      const key = versionKey(counts);
      const known = sums.get(key);
      sums.set(key, known === undefined ? counts : sumOfTwo(known, counts));
    }
  return sums;
}

/** What `counts` has counted, without its load, which is over. */
function withoutLoad(counts: VersionCounts): VersionCounts {
  return { ...counts, waitingRequests: 0, running: 0, memoryBytes: 0 };
}

function sumOfTwo(one: VersionCounts, other: VersionCounts): VersionCounts {
  const failures = { ...one.failures };
  for (const [kind, count] of Object.entries(other.failures) as [ErrorKind, number][])
    failures[kind] = (failures[kind] ?? 0) + count;
  return {
    model: one.model,
    version: one.version,
    successes: one.successes + other.successes,
    failures,
    rows: one.rows + other.rows,
    executions: one.executions + other.executions,
    batchRows: one.batchRows + other.batchRows,
    durations: one.durations.map((count, bucket) => count + other.durations[bucket]!),
    cacheHits: one.cacheHits + other.cacheHits,
    cacheMisses: one.cacheMisses + other.cacheMisses,
    restarts: one.restarts + other.restarts,
    waitingRequests: one.waitingRequests + other.waitingRequests,
    running: one.running + other.running,
    memoryBytes: one.memoryBytes + other.memoryBytes,
  };
}

/** All failed requests of a version. */
export function failuresOf({ failures }: VersionCounts): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}
