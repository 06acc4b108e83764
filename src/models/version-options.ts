import type { Device } from '../common/device';
import type { ModelMetrics } from '../observability/metrics/model-metrics';
import type { CachePolicy, ModelSettings } from '../repository/model-settings';
import type { RunnerPool } from '../runtime/runner-pool';
import type { Placement } from './limits';

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
  /** How its answers are cached; undefined when they are not, as those of a pipeline, which change with its models. */
  readonly cache: CachePolicy | undefined;
  readonly metrics: ModelMetrics;
}
