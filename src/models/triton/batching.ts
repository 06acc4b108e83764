import type { ModelSettings } from '../model-settings';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

type Batching = Pick<
  ModelSettings,
  'max_batch_rows' | 'merge_requests' | 'max_queue_delay_us' | 'max_queue_requests' | 'queue_timeout_us'
>;

type DynamicBatching = NonNullable<ModelConfig['dynamic_batching']>;

/** As for model.yaml. */
const MAX_DELAY_US = 10_000_000;

/** How requests are batched and queued. @throws Fault */
export function batchingOf(config: ModelConfig): Batching {
  const { max_batch_size: rows = 0, dynamic_batching: batching } = config;
  if (rows < 0)
    throw new Fault(
      { line: positionOf(config, 'max_batch_size').line },
      `max_batch_size is ${rows}; 0 is a model that does not batch`,
    );
  const isComplete = (config.input ?? []).length > 0 && (config.output ?? []).length > 0;
  const limits = batching === undefined ? {} : limitsOf(batching);
  // Where inputs or outputs are left out, Triton completes the rest too, and turns batching on for what can batch.
  const isReshaped = [...(config.input ?? []), ...(config.output ?? [])].some(({ reshape }) => reshape);
  if (!isComplete && !(rows === 0 && isReshaped))
    return rows === 0 ? limits : { max_batch_rows: rows, ...limits };
  if (batching !== undefined || rows === 0) return { max_batch_rows: Math.max(1, rows), ...limits };
  return { max_batch_rows: rows, merge_requests: false };
}

function limitsOf(batching: DynamicBatching): Batching {
  const { max_queue_delay_microseconds: delay = 0, default_queue_policy: policy = {} } = batching;
  if (delay > MAX_DELAY_US)
    throw new Fault(
      { line: positionOf(batching, 'max_queue_delay_microseconds').line },
      `max_queue_delay_microseconds is ${delay}; at most ${MAX_DELAY_US}`,
    );
  const { max_queue_size: requests = 0, default_timeout_microseconds: timeout = 0 } = policy;
  if (policy.timeout_action === 'DELAY' && timeout > 0)
    throw new Fault(
      { line: positionOf(policy, 'timeout_action').line },
      'timeout_action DELAY is not supported; remove it, and requests that time out are answered with an error',
    );
  return {
    max_queue_delay_us: delay,
    ...(requests > 0 ? { max_queue_requests: requests } : {}),
    ...(timeout > 0 ? { queue_timeout_us: timeout } : {}),
  };
}
