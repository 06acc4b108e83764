import type { ModelSettings } from './model-settings';

const DEFAULTS = {
  max_batch_rows: 64,
  max_queue_delay_us: 0,
  max_queue_rows: 8192,
  max_queue_bytes: 256 * 1024 * 1024,
  timeout_ms: 30_000,
  load_timeout_ms: 300_000,
} as const;

/** The settings of a model that are numbers and have a default. */
export type Limits = Readonly<Record<keyof typeof DEFAULTS, number>>;

/** Those of `settings`, or the defaults. */
export function limitsOf(settings: ModelSettings): Limits {
  return { ...DEFAULTS, ...settings };
}
