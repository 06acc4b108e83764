/** Number of events and their total duration. */
export class StatisticDuration {
  /** Number of events. */
  count: number;
  /** Total duration in nanoseconds. */
  ns: number;
}

/** Statistics of all requests, by outcome and by step. */
export class InferenceStatistics {
  /** Requests that succeeded. */
  success: StatisticDuration;
  /** Requests that failed. */
  fail: StatisticDuration;
  /** Time in the queue. */
  queue: StatisticDuration;
  /** Passing the inputs to the runner. */
  compute_input: StatisticDuration;
  /** Running the model. */
  compute_infer: StatisticDuration;
  /** Receiving the outputs from the runner. */
  compute_output: StatisticDuration;
  /** Requests answered from the cache or from the run of an identical request. */
  cache_hit: StatisticDuration;
  /** Cache lookup and insertion for requests that were computed. */
  cache_miss: StatisticDuration;
}

/** Statistics of the runs with one batch size. */
export class BatchStatistic {
  /** Number of rows in the run. */
  batch_size: number;
  compute_input: StatisticDuration;
  compute_infer: StatisticDuration;
  compute_output: StatisticDuration;
}

/** Statistics of one version of a model since the server started. */
export class VersionStatistics {
  /** @example digits */
  name: string;
  /** @example 1 */
  version: string;
  /** Unix time of the last run in milliseconds, 0 before the first run. */
  last_inference: number;
  /** Number of rows of successful requests, without requests answered from the cache. */
  inference_count: number;
  /** Number of runs. */
  execution_count: number;
  inference_stats: InferenceStatistics;
  batch_stats: BatchStatistic[];
  /** Always empty. */
  memory_usage: Record<string, never>[];
  /** Always empty. */
  response_stats: Record<string, never>;
}

/** Statistics of the requested versions. */
export class ModelStatisticsList {
  model_stats: VersionStatistics[];
}
