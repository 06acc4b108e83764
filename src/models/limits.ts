import type { Device } from '../common/device';
import { type ModelSettings, DEFAULT_MAX_BATCH_ROWS } from '../repository/model-settings';

const DEFAULTS = {
  max_batch_rows: DEFAULT_MAX_BATCH_ROWS,
  max_queue_delay_us: 0,
  max_queue_rows: 8192,
  max_queue_bytes: 256 * 1024 * 1024,
  verify_batching: 0.001,
  timeout_ms: 30_000,
  load_timeout_ms: 300_000,
} as const;

/** The settings of a model that are numbers and have a default. */
export type Limits = Readonly<Record<keyof typeof DEFAULTS, number>>;

/** Those of `settings`, or the defaults. */
export function limitsOf(settings: ModelSettings): Limits {
  const { allowed_batch_sizes: sizes } = settings;
  const largest = sizes === undefined ? {} : { max_batch_rows: Math.max(...sizes) };
  return { ...DEFAULTS, ...largest, ...settings };
}

/** How many runners a model gets, and threads each. */
export interface Placement {
  readonly instances: number;
  readonly threads: number;
}

/**
 * Divides `cores` among the runners of one model, so that on the CPU instances times threads never exceeds them,
 * whatever model.yaml asks for. A model that may only run on a GPU has as many instances as it asks for. A pipeline has
 * none: its models have.
 */
export function placementOf(
  { pipeline, instances = 1, threads, isolation }: ModelSettings,
  device: Device,
  cores: number,
): Placement {
  if (pipeline !== undefined) return { instances: 0, threads: 0 };
  const runners = device.startsWith('cuda') ? instances : Math.min(instances, cores);
  // Every core has one of the processes that models share.
  const share = isolation === 'shared' ? 1 : Math.max(1, Math.floor(cores / runners));
  return { instances: runners, threads: Math.min(threads ?? share, share) };
}
