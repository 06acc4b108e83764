import type { NexusError } from '../common/nexus-error';
import type { ModelMetrics } from '../observability/metrics/model-metrics';
import type { PipelineStep } from '../repository/pipeline-definition';
import type { OnnxFile } from '../runtime/messages';
import type { Job, JobResult } from '../scheduling/job';
import type { SchedulerLoad } from '../scheduling/observer';
import type { TargetStatus } from '../remote/fleet/fleet-request';
import type { Forwarder } from './forwarder';
import type { Signature } from './signature';
import type { Tokenizer } from '../tasks/text/tokenizer';
import type { VersionOptions } from './version-options';
import type { ModelSettings } from '../repository/model-settings';
import type { OverrideFolder } from '../repository/overrides/override-folder';

/** State of a model version, with Triton's names. */
export type VersionState = 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';

/** One served version of a model: an ONNX model, a pipeline, or a model that other servers run. */
export interface Servable {
  readonly name: string;
  readonly version: string;
  /** Its platform, with Triton's names; `remote` if other servers run it. */
  readonly platform: 'onnxruntime_onnx' | 'ensemble' | 'remote';
  readonly options: VersionOptions;
  /** READY means that requests are accepted, whether or not it is in memory. */
  readonly state: VersionState;
  /** Why the version is in its state; empty if there is no reason. */
  readonly reason: string;
  /** Device that it runs on; undefined before it has loaded. */
  readonly device: 'cpu' | 'cuda' | undefined;
  /** Loading time in milliseconds, and when loading finished; undefined before it has succeeded. */
  readonly loadMs: number | undefined;
  readonly loadedAt: Date | undefined;
  /** Whether its runners, or all parts of a pipeline, are in memory. */
  readonly inMemory: boolean;
  /** Whether its signature is known, which is after its first load. */
  readonly isDescribed: boolean;
  /** Information that a runner read from its ONNX file; undefined before it has loaded, and for a pipeline. */
  readonly file: OnnxFile | undefined;
  /** A text that differs between models that may compute different outputs, for caches. */
  readonly identity: string;
  /** The servers that run it, or that its local model overflows to; empty if there are none. */
  readonly targets: readonly TargetStatus[];
  /** Forwards its requests, which are those of the OpenAI API; undefined for a model with tensors. */
  readonly forwarder: Forwarder | undefined;
  /** The steps of a pipeline in the order of its definition; undefined for an ONNX model. */
  readonly steps: readonly ServedStep[] | undefined;
  /** Inputs and outputs. @throws NexusError model_not_ready before the version has loaded. */
  readonly signature: Signature;
  /** The tokenizer of a model of text; undefined before it has loaded, and for other models. */
  readonly tokenizer: Tokenizer | undefined;
  /** Why requests are not batched; empty if they are. */
  readonly unbatchable: string;
  /** Why the batching test could not run; undefined if it did, and for a pipeline. */
  readonly untried: string | undefined;
  /** Maximum rows in a run; 1 if requests are not batched. */
  readonly maxBatchRows: number;
  /** Maximum tokens in a run, padding included; undefined for a model that is not of text, and before it has loaded. */
  readonly maxBatchTokens: number | undefined;
  /** Metrics of the requests to this version. */
  readonly metrics: ModelMetrics;
  /** Current load of its runners. */
  readonly load: SchedulerLoad;

  /** Aborted when it stops accepting requests permanently. */
  readonly unloading: AbortSignal;

  /** Loads it. Never rejects: a failure sets the state and the reason. */
  start(): Promise<void>;

  /** Accepts requests without loading it; the first request loads it. */
  defer(): void;

  /**
   * Resolves when its signature is known, and loads the version if it was never loaded.
   * @throws NexusError model_not_ready, memory_full; deadline_exceeded, in which case loading continues.
   */
  described(deadline: number): Promise<void>;

  /** Applies `options` if that requires no reload. Returns whether it was possible; if not, nothing changes. */
  follow(options: VersionOptions): boolean;

  /** Derives its state from the current states of its parts. Does nothing if it has no parts. */
  review(): void;

  /** Sets `reason`, why a newer version could not replace this one, which continues to serve. */
  keep(reason: string): void;

  /** Runs `job`. Rejects with a NexusError. */
  run(job: Job): Promise<JobResult>;

  /** Resident memory of each of its own runners, in bytes. */
  residentBytes(): Promise<readonly number[]>;

  /** Marks the version as in use by a request until {@link leave}. */
  enter(): void;

  /** Ends the use that {@link enter} started. */
  leave(): void;

  /** Finishes all accepted requests, without a time limit, and stops. */
  retire(): Promise<void>;

  /** Stops immediately. Queued requests fail. */
  stop(): Promise<void>;

  /** The error for a request that needs this version while it is not ready. */
  notReady(): NexusError;
}

/** A step of a pipeline, and the version that runs it; undefined before the first binding of the pipeline. */
export interface ServedStep {
  readonly step: PipelineStep;
  readonly part: Servable | undefined;
}

/** A model and its versions, oldest first. */
export interface Model {
  readonly name: string;
  readonly settings: ModelSettings;
  readonly versions: readonly Servable[];
  /** Whether it was loaded only because a pipeline needs it. */
  readonly isPart?: boolean;
  /** Folder of its files if a client sent them. It is removed with the model. */
  readonly folder?: OverrideFolder | undefined;
}

/** Lookup of served models, used by pipelines to find the models of their steps. */
export interface ModelLookup {
  /** The model of this name; undefined if it is not served. */
  peek(name: string): Model | undefined;
}

/** Receives events of a version, for logs and metrics. */
export interface VersionObserver {
  stateChanged(version: Servable): void;
  runnerDied(version: Servable, reason: string): void;
  fellBack(version: Servable, reason: string): void;
  /** The test whether requests can share a run could not run. */
  untried(version: Servable, reason: string): void;
  /** A target receives no requests until it has recovered. */
  targetLost(version: Servable, target: string, reason: string): void;
  /** A target receives requests again. */
  targetReturned(version: Servable, target: string): void;
  /** Verification of a batch found dependent rows, and batching was turned off. */
  mixed(version: Servable, reason: string): void;
}
