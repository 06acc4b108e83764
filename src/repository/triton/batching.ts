import { DEFAULT_MAX_BATCH_ROWS, type ModelSettings, type QueuePolicy } from '../model-settings';
import { SETTINGS } from '../settings';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

type BatchingSettings = Pick<
  ModelSettings,
  | 'max_batch_rows'
  | 'merge_requests'
  | 'max_queue_delay_us'
  | 'priority_levels'
  | 'default_priority_level'
  | 'queue_policy'
  | 'priority_queue_policy'
>;

type DynamicBatchingConfig = NonNullable<ModelConfig['dynamic_batching']>;
type Policy = NonNullable<DynamicBatchingConfig['default_queue_policy']>;

const { maximum: MAX_DELAY_US } = SETTINGS.max_queue_delay_us.schema;
const { maximum: MAX_PRIORITY_LEVELS } = SETTINGS.priority_levels.schema;

/** How requests are batched and queued. @throws Fault */
export function batchingSettingsOf(config: ModelConfig): BatchingSettings {
  const { max_batch_size: rows = 0, dynamic_batching: batching } = config;
  if (rows < 0)
    throw new Fault(
      { line: positionOf(config, 'max_batch_size').line },
      `max_batch_size: expected at least 0, got ${rows}; use 0 for a model that does not batch`,
    );
  const isComplete = (config.input ?? []).length > 0 && (config.output ?? []).length > 0;
  const limits = batching === undefined ? {} : queueingOf(batching);
  // If inputs or outputs are omitted, Triton completes the configuration, and turns batching on if the model can batch.
  const isReshaped = [...(config.input ?? []), ...(config.output ?? [])].some(({ reshape }) => reshape);
  if (!isComplete && !(rows === 0 && isReshaped))
    return rows === 0 && batching === undefined
      ? {}
      : { max_batch_rows: rows || DEFAULT_MAX_BATCH_ROWS, ...limits };
  if (batching !== undefined || rows === 0) return { max_batch_rows: Math.max(1, rows), ...limits };
  return { max_batch_rows: rows, merge_requests: false };
}

function queueingOf(batching: DynamicBatchingConfig): BatchingSettings {
  const { max_queue_delay_microseconds: delay = 0, default_queue_policy: policy } = batching;
  if (delay > MAX_DELAY_US)
    throw new Fault(
      { line: positionOf(batching, 'max_queue_delay_microseconds').line },
      `max_queue_delay_microseconds: expected at most ${MAX_DELAY_US}, got ${delay}`,
    );
  return {
    max_queue_delay_us: delay,
    ...(policy === undefined ? {} : { queue_policy: policyOf(policy) }),
    ...prioritiesOf(batching),
  };
}

function prioritiesOf(batching: DynamicBatchingConfig): BatchingSettings {
  const { priority_levels: levels = 0, default_priority_level: level = 0, priority_queue_policy } = batching;
  const at = (field: keyof DynamicBatchingConfig) => ({ line: positionOf(batching, field).line });
  if (levels === 0) return {};
  if (levels > MAX_PRIORITY_LEVELS)
    throw new Fault(
      at('priority_levels'),
      `priority_levels: expected at most ${MAX_PRIORITY_LEVELS}, got ${levels}`,
    );
  if (level === 0 || level > levels)
    throw new Fault(
      at(level === 0 ? 'priority_levels' : 'default_priority_level'),
      `default_priority_level: expected a level from 1 to priority_levels (${levels}), got ${level}`,
    );
  const policies = (priority_queue_policy ?? []).map(
    ({ key = 0, value = {} }) => [key, policyOf(value)] as const,
  );
  return {
    priority_levels: levels,
    default_priority_level: level,
    priority_queue_policy: new Map(policies),
  };
}

function policyOf(policy: Policy): QueuePolicy {
  const { max_queue_size: requests = 0, default_timeout_microseconds: timeout = 0 } = policy;
  if (policy.timeout_action === 'DELAY' && timeout > 0)
    throw new Fault(
      { line: positionOf(policy, 'timeout_action').line },
      'timeout_action DELAY is not supported; remove it to reject requests that time out',
    );
  return {
    ...(requests > 0 ? { max_requests: requests } : {}),
    ...(timeout > 0 ? { timeout_us: timeout } : {}),
  };
}
