import type { Device } from '../common/device';
import type { TensorSpec } from '../tensor/tensor';
import type { DeclaredTensors } from './declared-tensors';
import type { PipelineDefinition } from './pipeline-definition';
import type { SoftmaxSetting } from './softmax';
import type { VersionPolicy } from './version-policy.schema';

/** One run before READY. */
export interface WarmUp {
  readonly rows: number;
  /** Size of every variable dimension but the first. */
  readonly dims?: number;
  /** What the inputs are made of that have no file; zeros when absent. */
  readonly fill?: 'zeros' | 'random';
  /** Bytes of inputs, by name. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** An input of a warm-up, of a fixed shape. */
export interface WarmUpTensor extends TensorSpec {
  /** Its bytes in pieces, or how to make them. */
  readonly fill: 'zeros' | 'random' | readonly Uint8Array[];
}

/** Some equal runs before READY, on inputs that are told. */
export interface WarmUpSample {
  readonly inputs: readonly WarmUpTensor[];
  readonly count: number;
}

/**
 * What is set for one model: model.yaml as it is written, each key of which has a row in settings.ts, or what a
 * config.pbtxt comes to.
 */
export interface ModelSettings extends ComputedSettings {
  readonly description?: string;
  readonly example?: Readonly<Record<string, unknown>>;
  readonly device?: Device;
  readonly instances?: number;
  readonly threads?: number;
  readonly max_batch_rows?: number;
  readonly verify_batching?: number;
  readonly allowed_batch_sizes?: readonly number[];
  readonly pad?: PaddingSettings;
  readonly max_queue_delay_us?: number;
  readonly target_p99_ms?: number;
  readonly max_queue_rows?: number;
  readonly max_queue_bytes?: number;
  readonly priority_levels?: number;
  readonly default_priority_level?: number;
  readonly timeout_ms?: number;
  readonly load_timeout_ms?: number;
  readonly required?: boolean;
  readonly load?: 'start' | 'on_demand';
  readonly pinned?: boolean;
  readonly cache?: boolean | Partial<CachePolicy>;
  readonly isolation?: 'own' | 'shared';
  readonly versions?: 'all' | { readonly latest: number } | readonly number[];
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  readonly softmax?: SoftmaxSetting;
  readonly warmup?: readonly (WarmUp | WarmUpSample)[];
}

/** What no key of model.yaml gives as it is written: it is computed from some, or comes from a config.pbtxt. */
export interface ComputedSettings {
  /** What the model is, where it is a graph of models. */
  readonly pipeline?: PipelineDefinition;
  readonly declared?: DeclaredTensors;
  /** File and line of the instance group that asks for a GPU. */
  readonly gpu_asked_at?: string;
  /** Which versions are served, in Triton's words; all of them when absent. */
  readonly version_policy?: VersionPolicy;
  /** Files of `labels`, by output. */
  readonly label_files?: Readonly<Record<string, string>>;
  /** Whether requests may share a run; true when absent. */
  readonly merge_requests?: boolean;
  /** Whether answers are cached, where model.yaml does not say it. */
  readonly response_cache?: boolean;
  /** Holds for each priority level that `priority_queue_policy` has nothing for. */
  readonly queue_policy?: QueuePolicy;
  readonly priority_queue_policy?: ReadonlyMap<number, QueuePolicy>;
}

/** How many requests of one priority level may wait, and how long. */
export interface QueuePolicy {
  readonly max_requests?: number;
  /** In microseconds. */
  readonly timeout_us?: number;
}

/** A model.yaml that cannot be used. The message names file, line and key, and what to write instead. */
export class ModelSettingsError extends Error {}

const DEFAULT: CachePolicy = { ttl_s: 60, scope: 'caller' };

/** How the answers of a model are cached. */
export interface CachePolicy {
  /** How long an answer is given again, in seconds. */
  readonly ttl_s: number;
  /** Who is given it: whoever sends the same request, or only the caller that it was computed for. */
  readonly scope: 'all' | 'caller';
}

/** The policy that `settings` ask for; undefined when answers are not cached. */
export function cachePolicyOf({ cache, response_cache = false }: ModelSettings): CachePolicy | undefined {
  const asked = cache ?? response_cache;
  if (asked === false) return undefined;
  return asked === true ? DEFAULT : { ...DEFAULT, ...asked };
}

/** How inputs of different lengths are made equally long, so that their requests can share a run. */
export interface PaddingSettings {
  /** The dimension of inputs and outputs that is the length. */
  readonly axis: number;
  /** The lengths that there are to be; what is longer than all of them stays as it is. */
  readonly lengths: readonly number[];
  /** The number that the end of each of these inputs is filled with. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The input that tells the model what is real: it ends with zeros. */
  readonly mask?: string;
  /** Outputs of that length, which are cut back to it. */
  readonly outputs?: readonly string[];
}

/** Most rows of one run of a model for which nothing else is set. */
export const DEFAULT_MAX_BATCH_ROWS = 64;
