import type { LoadedModel } from '../../runtime/messages';
import type { SchedulerLimits } from '../../scheduling/limits';
import type { ModelSettings } from '../../repository/model-settings';
import { limitsOf } from '../limits';
import type { Priorities } from './priorities';

/**
 * Tokens of a run on the CPU, by thread. Larger runs are slower there, because their intermediate results do not fit in
 * the caches: a small encoder embeds texts of mixed length faster with 512 tokens than with 2048.
 */
const TOKENS_PER_THREAD = 512;

/** Tokens of a run on a GPU, which needs thousands at a time to be busy; what other servers of embeddings use. */
const TOKENS_ON_GPU = 16_384;

/**
 * Maximum tokens in a run of a model of text, padding included: its `setting` of `max_batch_tokens`, or the default of its
 * device.
 */
export function maxBatchTokensOf(
  setting: number | undefined,
  device: LoadedModel['device'],
  threads: number,
): number {
  return setting ?? (device === 'cuda' ? TOKENS_ON_GPU : TOKENS_PER_THREAD * threads);
}

/**
 * The scheduler limits of a model with `settings` and at most `maxBatchRows` rows in a run.
 * @param maxBatchTokens maximum tokens in a run; undefined for a model that is not of text.
 */
export function schedulerLimitsOf(
  settings: ModelSettings,
  priorities: Priorities,
  maxBatchRows: number,
  maxBatchTokens?: number,
): SchedulerLimits {
  const limits = limitsOf(settings);
  const { allowed_batch_sizes: sizes, target_p99_ms: target } = settings;
  return {
    maxBatchRows,
    ...(maxBatchTokens === undefined ? {} : { maxBatchTokens }),
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
