import type { Device } from '../common/device';
import type { TensorSpec } from '../tensor/tensor';
import type { QuotaSettings } from '../limits/quota';
import type { DeclaredTensors } from './declared-tensors';
import type { PipelineDefinition } from './pipeline-definition';
import type { SoftmaxSetting } from './softmax';
import type { RemoteSettings } from './remote-settings';
import type { PictureSettings, TaskSettings } from './task-settings';
import type { VersionPolicy } from './version-policy.schema';

/** One warm-up run before READY. */
export interface WarmUp {
  readonly rows: number;
  /** Size of every variable dimension except the first. */
  readonly dims?: number;
  /** Content of the inputs without a file; zeros if absent. */
  readonly fill?: 'zeros' | 'random';
  /** Bytes of inputs by name. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** A warm-up input with a fixed shape. */
export interface WarmUpTensor extends TensorSpec {
  /** Its bytes in pieces, or how to generate them. */
  readonly fill: 'zeros' | 'random' | readonly Uint8Array[];
}

/** Identical warm-up runs on given inputs before READY. */
export interface WarmUpSample {
  readonly inputs: readonly WarmUpTensor[];
  readonly count: number;
}

/**
 * Settings of one model: the keys of its model.yaml, each of which has a row in settings.ts, or the result of reading
 * its config.pbtxt.
 */
export interface ModelSettings extends ComputedSettings, TaskSettings, RemoteSettings {
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
  readonly limits?: QuotaSettings;
  readonly payload_log?: PayloadLogSettings;
  readonly isolation?: 'own' | 'shared';
  readonly versions?: 'all' | { readonly latest: number } | readonly number[];
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  readonly softmax?: SoftmaxSetting;
  readonly warmup?: readonly (WarmUp | WarmUpSample)[];
}

/** Settings that are not keys of model.yaml: they are computed from keys, or come from config.pbtxt. */
export interface ComputedSettings {
  /** The graph of models, if the model is a pipeline. */
  readonly pipeline?: PipelineDefinition;
  /** Class names of a model with a task: `labels` without the name of an output. */
  readonly classes?: readonly string[];
  /** The input that `inputs` prepares pictures for. */
  readonly picture?: { readonly input: string; readonly image: PictureSettings };
  readonly declared?: DeclaredTensors;
  /** File and line of the instance group that requests a GPU. */
  readonly gpu_asked_at?: string;
  /** Versions to serve, in Triton's terms; all versions if absent. */
  readonly version_policy?: VersionPolicy;
  /** Label file of each output. */
  readonly label_files?: Readonly<Record<string, string>>;
  /** Whether requests may share a run; true if absent. */
  readonly merge_requests?: boolean;
  /** Whether responses are cached, unless model.yaml sets `cache`. */
  readonly response_cache?: boolean;
  /** Applies to every priority level without an entry in `priority_queue_policy`. */
  readonly queue_policy?: QueuePolicy;
  readonly priority_queue_policy?: ReadonlyMap<number, QueuePolicy>;
}

/** Maximum number of queued requests of one priority level, and maximum time in the queue. */
export interface QueuePolicy {
  readonly max_requests?: number;
  /** In microseconds. */
  readonly timeout_us?: number;
}

/** An invalid configuration of a model. The message contains the file, the line, the key and how to fix it. */
export class ModelSettingsError extends Error {}

const DEFAULT: CachePolicy = { ttl_s: 60, scope: 'caller' };

/** How the responses of a model are cached. */
export interface CachePolicy {
  /** How long a response is reused, in seconds. */
  readonly ttl_s: number;
  /** Who can receive it: every client that sends the same request, or only the client it was computed for. */
  readonly scope: 'all' | 'caller';
}

/** The cache policy in `settings`; undefined if responses are not cached. */
export function cachePolicyOf({ cache, response_cache = false }: ModelSettings): CachePolicy | undefined {
  const setting = cache ?? response_cache;
  if (setting === false) return undefined;
  return setting === true ? DEFAULT : { ...DEFAULT, ...setting };
}

/** Which requests are written to the payload log, and how. */
export interface PayloadLogSettings {
  /** Share of the successful requests. */
  readonly sample: number;
  /** Maximum size of the inputs and outputs in a line. */
  readonly max_bytes?: number;
  /** Inputs and outputs whose elements are left out. */
  readonly redact?: readonly string[];
  /** Whether elements that are text are written. */
  readonly texts?: boolean;
}

/** How inputs of different lengths are padded to a common length, so that their requests can share a run. */
export interface PaddingSettings {
  /** The dimension of inputs and outputs to pad. */
  readonly axis: number;
  /** Lengths to pad to. Longer inputs are not padded. */
  readonly lengths: readonly number[];
  /** Padding value of each input. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The attention mask, which is padded with zeros. */
  readonly mask?: string;
  /** Outputs to trim to the original length. */
  readonly outputs?: readonly string[];
}

/** Maximum rows in a run by default. */
export const DEFAULT_MAX_BATCH_ROWS = 64;
