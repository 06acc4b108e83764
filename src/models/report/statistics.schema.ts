/** How often something happened, and how long that took in all. */
export class StatisticDuration {
  count: number;
  /** Nanoseconds. */
  ns: number;
}

/** Of all requests, by what became of them and by step. */
export class InferenceStatistics {
  success: StatisticDuration;
  fail: StatisticDuration;
  /** Waiting for a runner. */
  queue: StatisticDuration;
  /** Handing the inputs to the runner. */
  compute_input: StatisticDuration;
  compute_infer: StatisticDuration;
  /** Taking the outputs from the runner. */
  compute_output: StatisticDuration;
  /** Of requests that were answered without a run of their own. */
  cache_hit: StatisticDuration;
  /** Looking for the answer and keeping it, of requests that were computed. */
  cache_miss: StatisticDuration;
}

/** Of the runs with one number of rows. */
export class BatchStatistic {
  batch_size: number;
  compute_input: StatisticDuration;
  compute_infer: StatisticDuration;
  compute_output: StatisticDuration;
}

/** What one version of a model has done since the start. */
export class VersionStatistics {
  /** @example digits */
  name: string;
  /** @example 1 */
  version: string;
  /** Milliseconds since 1970 at the last run; 0 before the first. */
  last_inference: number;
  /** Rows of requests that succeeded, without those answered by the cache. */
  inference_count: number;
  /** Runs. */
  execution_count: number;
  inference_stats: InferenceStatistics;
  batch_stats: BatchStatistic[];
  memory_usage: Record<string, never>[];
  response_stats: Record<string, never>;
}

/** Statistics of the versions asked for. */
export class ModelStatisticsList {
  model_stats: VersionStatistics[];
}
