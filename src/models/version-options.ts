import type { Device } from '../common/device';
import type { ModelMetrics } from '../observability/metrics/model-metrics';
import type { CachePolicy, ModelSettings } from '../repository/model-settings';
import type { TaskDefinition } from '../tasks/task-definition';
import type { RunnerPool } from '../runtime/runner-pool';
import type { Placement } from './limits';

/** Options of a model version. */
export interface VersionOptions {
  readonly model: string;
  readonly version: string;
  /** Real path of the ONNX file. */
  readonly path: string;
  /** Path of the ONNX file in the version folder. The target of a link can have another name. */
  readonly filename: string;
  /** Fingerprint of the files of the version; see versionFingerprint. */
  readonly fingerprint: string;
  /** Why it cannot be loaded. The version is then UNAVAILABLE from the start. */
  readonly refusal?: string;
  /** Folder of its settings, from which relative paths of certificates start. */
  readonly folder: string;
  /** Region of the gateway; undefined to ignore the regions of targets. */
  readonly region: string | undefined;
  /** Maximum size of a response of a target, in bytes. */
  readonly responseLimit: number;
  /** Folder that all its files must be in. */
  readonly root: string;
  readonly settings: ModelSettings;
  /** What it computes from text or pictures; undefined for a model of tensors. */
  readonly task: TaskDefinition | undefined;
  readonly device: Device;
  readonly placement: Placement;
  /** Processes that it shares with other models; undefined if it has its own. */
  readonly pool: RunnerPool | undefined;
  /** Whether it is loaded at its first request. */
  readonly onDemand: boolean;
  /** Whether a client loaded it at runtime. It must then fit into the memory budget. */
  readonly byRequest: boolean;
  /** How its responses are cached; undefined if they are not. Responses of pipelines, which change with their models, never are. */
  readonly cache: CachePolicy | undefined;
  readonly metrics: ModelMetrics;
}
