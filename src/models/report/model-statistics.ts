import type { BatchStatistics, Durations } from '../../observability/metrics/model-statistics';
import type { Servable } from '../model';
import type { BatchStatistic, StatisticDuration, VersionStatistics } from './statistics.schema';

/** Returns the statistics of `version` in the format of the statistics extension, for REST and gRPC. */
export function statisticsOf({ name, version, metrics }: Servable): VersionStatistics {
  const { statistics, rows, executions } = metrics;
  return {
    name,
    version,
    last_inference: statistics.lastInference,
    inference_count: rows,
    execution_count: executions,
    inference_stats: {
      success: duration(statistics.success),
      fail: duration(statistics.fail),
      queue: duration(statistics.queue),
      compute_input: duration(statistics.input),
      compute_infer: duration(statistics.infer),
      compute_output: duration(statistics.output),
      cache_hit: duration(statistics.cacheHit),
      cache_miss: duration(statistics.cacheMiss),
    },
    batch_stats: [...statistics.batches]
      .map(batch)
      .toSorted((one, other) => one.batch_size - other.batch_size),
    memory_usage: [],
    response_stats: {},
  };
}

/** Returns the sums of `parts`, the statistics of one version in different processes; there is at least one. */
export function sumOf(parts: readonly VersionStatistics[]): VersionStatistics {
  return parts.reduce((one, other) => {
    const batches = new Map(one.batch_stats.map((stats) => [stats.batch_size, stats]));
    for (const stats of other.batch_stats) {
      const known = batches.get(stats.batch_size);
      batches.set(
        stats.batch_size,
        known === undefined ? stats : { batch_size: stats.batch_size, ...added(known, stats, STEPS) },
      );
    }
    return {
      name: one.name,
      version: one.version,
      memory_usage: [],
      response_stats: {},
      last_inference: Math.max(one.last_inference, other.last_inference),
      inference_count: one.inference_count + other.inference_count,
      execution_count: one.execution_count + other.execution_count,
      inference_stats: added(one.inference_stats, other.inference_stats, OUTCOMES),
      batch_stats: [...batches.values()].toSorted((a, b) => a.batch_size - b.batch_size),
    };
  });
}

const STEPS = ['compute_input', 'compute_infer', 'compute_output'] as const;
const OUTCOMES = ['success', 'fail', 'queue', ...STEPS, 'cache_hit', 'cache_miss'] as const;

function added<Name extends string>(
  one: Readonly<Record<Name, StatisticDuration>>,
  other: Readonly<Record<Name, StatisticDuration>>,
  names: readonly Name[],
): Record<Name, StatisticDuration> {
  const sums = names.map((name) => [
    name,
    { count: one[name].count + other[name].count, ns: one[name].ns + other[name].ns },
  ]);
  return Object.fromEntries(sums) as Record<Name, StatisticDuration>;
}

function batch([rows, { input, infer, output }]: [number, BatchStatistics]): BatchStatistic {
  return {
    batch_size: rows,
    compute_input: duration(input),
    compute_infer: duration(infer),
    compute_output: duration(output),
  };
}

function duration({ count, ms }: Durations): StatisticDuration {
  return { count, ns: Math.round(ms * 1e6) };
}
