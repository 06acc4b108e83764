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

/** Numeric settings of a model that have a default. */
export type Limits = Readonly<Record<keyof typeof DEFAULTS, number>>;

/** The limits in `settings`, with defaults. */
export function limitsOf(settings: ModelSettings): Limits {
  const { allowed_batch_sizes: sizes } = settings;
  const largest = sizes === undefined ? {} : { max_batch_rows: Math.max(...sizes) };
  return { ...DEFAULTS, ...largest, ...settings };
}

/** Number of runners of a model, and threads of each. */
export interface Placement {
  readonly instances: number;
  readonly threads: number;
}

/**
 * Divides `cores` among the runners of a model. On the CPU, instances times threads never exceeds the cores, whatever
 * model.yaml sets. A model that runs only on a GPU gets the configured number of instances. A pipeline, and a model that
 * other servers run, has none.
 */
export function placementOf(
  { pipeline, targets, instances = 1, threads, isolation }: ModelSettings,
  device: Device,
  cores: number,
): Placement {
  if (pipeline !== undefined || targets !== undefined) return { instances: 0, threads: 0 };
  const runners = device.startsWith('cuda') ? instances : Math.min(instances, cores);
  // The pool of shared processes has one process per core.
  const share = isolation === 'shared' ? 1 : Math.max(1, Math.floor(cores / runners));
  return { instances: runners, threads: Math.min(threads ?? share, share) };
}
