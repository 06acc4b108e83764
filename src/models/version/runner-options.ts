import { isDeepStrictEqual } from 'node:util';
import type { Batching } from '../../runtime/messages';
import type { RunnerOptions } from '../../runtime/runner';
import type { ModelSettings } from '../../repository/model-settings';
import { limitsOf, type Limits } from '../limits';
import type { VersionOptions } from '../version-options';

/** Settings that take effect while runners go on. */
const LIVE: readonly string[] = [
  'description',
  'example',
  'required',
  'load',
  'pinned',
  'versions',
  'version_policy',
  'labels',
  'softmax',
  'label_files',
  'gpu_asked_at',
  'max_queue_delay_us',
  'target_p99_ms',
  'max_queue_rows',
  'max_queue_bytes',
  'priority_levels',
  'default_priority_level',
  'queue_policy',
  'verify_batching',
  'priority_queue_policy',
  'load_timeout_ms',
] satisfies (keyof ModelSettings)[];

/** What the runners of a version are started with. */
export function runnerOptionsOf(options: VersionOptions): RunnerOptions {
  const { model, version, path, root, device, placement, cache, settings } = options;
  const limits = limitsOf(settings);
  return {
    label: `${model}/${version}`,
    load: {
      path,
      root,
      device,
      threads: placement.threads,
      batching: batchingOf(settings, limits),
      digests: cache !== undefined,
    },
    loadTimeoutMs: limits.load_timeout_ms,
    runTimeoutMs: limits.timeout_ms,
  };
}

function batchingOf(settings: ModelSettings, limits: Limits): Batching {
  if (limits.max_batch_rows <= 1) return 'off';
  const { max_batch_rows: rows, allowed_batch_sizes: sizes } = settings;
  return rows === undefined && sizes === undefined ? 'tried' : 'declared';
}

/** Whether runners that were started for `one` do for `other`: the same files, and settings that only differ in what is live. */
export function shareRunners(one: VersionOptions, other: VersionOptions): boolean {
  return isDeepStrictEqual(needsOf(one), needsOf(other));
}

function needsOf({
  path,
  filename,
  fingerprint,
  refusal,
  root,
  device,
  placement,
  settings,
}: VersionOptions) {
  const fixed = Object.entries(settings).filter(([key]) => !LIVE.includes(key));
  return { path, filename, fingerprint, refusal, root, device, placement, fixed: Object.fromEntries(fixed) };
}
