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
