import type { SchedulerLimits } from '../../scheduling/limits';
import type { ModelSettings } from '../../repository/model-settings';
import { limitsOf } from '../limits';
import type { Priorities } from './priorities';

/** The scheduler limits of a model with `settings` and at most `maxBatchRows` rows in a run. */
export function schedulerLimitsOf(
  settings: ModelSettings,
  priorities: Priorities,
  maxBatchRows: number,
): SchedulerLimits {
  const limits = limitsOf(settings);
  const { allowed_batch_sizes: sizes, target_p99_ms: target } = settings;
  return {
    maxBatchRows,
    ...(sizes === undefined ? {} : { allowedBatchSizes: ascending(sizes) }),
    maxQueueDelayUs: limits.max_queue_delay_us,
    ...(target === undefined ? {} : { targetP99Ms: target }),
    maxQueueRows: limits.max_queue_rows,
    maxQueueBytes: limits.max_queue_bytes,
    verifyBatching: limits.verify_batching,
    timeoutMs: limits.timeout_ms,
    maxQueueRequests: (level) => priorities.policyOf(level).max_requests ?? Infinity,
    mergesRequests: settings.merge_requests ?? true,
  };
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((one, other) => one - other);
}
