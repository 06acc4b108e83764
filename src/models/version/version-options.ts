import { isDeepStrictEqual } from 'node:util';
import type { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { Batching } from '../../runtime/messages';
import type { Device } from '../../common/device';
import type { RunnerOptions } from '../../runtime/runner';
import type { RunnerPool } from '../../runtime/runner-pool';
import type { CachePolicy, ModelSettings } from '../../repository/model-settings';
import { LIVE_SETTINGS } from '../../repository/settings';
import type { Limits, Placement } from './limits';

/** What a version is made of. */
export interface VersionOptions {
  readonly model: string;
  readonly version: string;
  /** Real path of the ONNX file. */
  readonly path: string;
  /** What the ONNX file is called in the folder of the version; links may lead to another name. */
  readonly filename: string;
  /** Of the files of the version; see fingerprintOf. */
  readonly fingerprint: string;
  /** Why there is nothing to load; the version is then UNAVAILABLE from the start. */
  readonly refusal?: string;
  /** Folder its files must not leave. */
  readonly root: string;
  readonly settings: ModelSettings;
  readonly device: Device;
  readonly placement: Placement;
  /** The processes that it shares with others; undefined when it has its own. */
  readonly pool: RunnerPool | undefined;
  /** Whether it is loaded at its first request. */
  readonly onDemand: boolean;
  /** Whether a client asked for it while the gateway ran: it has to fit into the memory budget. */
  readonly byRequest: boolean;
  /** How its answers are cached; undefined when they are not. */
  readonly cache: CachePolicy | undefined;
  readonly metrics: ModelMetrics;
}

/** What the runners of a version are started with. */
export function runnerOptionsOf(options: VersionOptions, limits: Limits): RunnerOptions {
  const { model, version, path, root, device, placement, cache, settings } = options;
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
  const fixed = Object.entries(settings).filter(([key]) => !LIVE_SETTINGS.has(key));
  return { path, filename, fingerprint, refusal, root, device, placement, fixed: Object.fromEntries(fixed) };
}
