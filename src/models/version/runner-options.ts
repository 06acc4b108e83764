import { isDeepStrictEqual } from 'node:util';
import type { Batching } from '../../runtime/messages';
import type { RunnerOptions } from '../../runtime/runner';
import type { ModelSettings } from '../../repository/model-settings';
import { LIVE_SETTINGS } from '../../repository/settings';
import { limitsOf, type Limits } from '../limits';
import { headOf } from '../task/prepared-task';
import type { VersionOptions } from '../version-options';

/** Options to start the runners of a version with. */
export function runnerOptionsOf(options: VersionOptions): RunnerOptions {
  const { model, version, path, root, device, placement, cache, settings, task } = options;
  const head = task === undefined ? undefined : headOf(task);
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
      ...(head === undefined ? {} : { head }),
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

/** Whether runners started for `one` can be used for `other`: same files, and settings that differ only in live keys. */
export function shareRunners(one: VersionOptions, other: VersionOptions): boolean {
  return isDeepStrictEqual(needsOf(one), needsOf(other));
}

/**
 * The options that runners depend on, beside settings. The path is left out: the fingerprint has the inodes of the files, which
 * can be linked to another folder.
 */
const NEEDED = ['filename', 'fingerprint', 'refusal', 'root', 'device', 'placement', 'task'] as const;

function needsOf(options: VersionOptions) {
  const fixed = Object.entries(options.settings).filter(([key]) => !LIVE_SETTINGS.has(key));
  return [NEEDED.map((key) => options[key]), Object.fromEntries(fixed)];
}
