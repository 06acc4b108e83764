import type { NexusError } from '../common/errors';
import type { ModelMetrics } from '../observability/metrics/model-metrics';
import type { PipelineStep } from '../repository/pipeline-definition';
import type { OnnxFile } from '../runtime/messages';
import type { Job, JobResult } from '../scheduling/job';
import type { SchedulerLoad } from '../scheduling/observer';
import type { Signature } from './signature';
import type { VersionOptions } from './version-options';
import type { ModelSettings } from '../repository/model-settings';
import type { OverrideFolder } from '../repository/overrides/override-folder';

/** State of a model version, by Triton's names. */
export type VersionState = 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';

/** One version of a model as the gateway serves it, whatever runs it. */
export interface Servable {
  readonly name: string;
  readonly version: string;
  /** What runs it, by Triton's names. */
  readonly platform: 'onnxruntime_onnx' | 'ensemble';
  readonly options: VersionOptions;
  /** READY says that requests are taken, whether it is in memory or not. */
  readonly state: VersionState;
  /** Why the version is in its state; empty when there is nothing to say. */
  readonly reason: string;
  /** Where it runs; known once it has loaded. */
  readonly device: 'cpu' | 'cuda' | undefined;
  /** How long loading took, in milliseconds, and when it was done; known once it has succeeded. */
  readonly loadMs: number | undefined;
  readonly loadedAt: Date | undefined;
  /** Whether all that runs it is in memory. */
  readonly inMemory: boolean;
  /** Whether its signature is known: from its first load on. */
  readonly isDescribed: boolean;
  /** What a runner has read of its ONNX file; undefined before, and for a pipeline. */
  readonly file: OnnxFile | undefined;
  /** The steps of a pipeline, as they are written; undefined for a model of its own. */
  readonly steps: readonly ServedStep[] | undefined;
  /** Inputs and outputs. @throws NexusError model_not_ready before the version has loaded. */
  readonly signature: Signature;
  /** Why requests are not batched; empty when they are. */
  readonly unbatchable: string;
  /** Why it could not be tried out whether it batches; undefined when it was, and for a pipeline. */
  readonly untried: string | undefined;
  /** Most rows of one run; 1 when requests are not batched. */
  readonly maxBatchRows: number;
  /** Where what happens to requests of this version is counted. */
  readonly metrics: ModelMetrics;
  /** What its runners have to do at this moment. */
  readonly load: SchedulerLoad;

  /** Aborted once it takes no more requests, for good. */
  readonly unloading: AbortSignal;

  /** Loads it. Never rejects: a failure becomes the state and its reason. */
  start(): Promise<void>;

  /** Takes requests from now on, the first of which loads it. */
  defer(): void;

  /**
   * Resolves when its signature is known, for which it is loaded where it never was.
   * @throws NexusError model_not_ready, memory_full; deadline_exceeded, while the load goes on.
   */
  described(deadline: number): Promise<void>;

  /** Goes on with `options`, where that needs no loading. Returns whether it does; nothing has changed when not. */
  follow(options: VersionOptions): boolean;

  /** Brings its state to what follows from those of its parts, of which one may have changed; a model without parts stays as it is. */
  review(): void;

  /** Says with a version that serves on why a newer one has not taken its place. */
  keep(reason: string): void;

  /** Runs `job`. Rejects with a NexusError. */
  run(job: Job): Promise<JobResult>;

  /** Resident memory of each of its own runners, in bytes. */
  residentBytes(): Promise<readonly number[]>;

  /** A request is going to use this version until {@link leave}. */
  enter(): void;

  /** The request of an {@link enter} has what it needed. */
  leave(): void;

  /** Answers what it has taken, for as long as that takes, and ends. */
  retire(): Promise<void>;

  /** Ends at once. What waits is failed. */
  stop(): Promise<void>;

  /** The error for a request that needs this version while it is not ready. */
  notReady(): NexusError;
}

/** A step of a pipeline, and the version that runs it; undefined before the models of the pipeline have fitted. */
export interface ServedStep {
  readonly step: PipelineStep;
  readonly part: Servable | undefined;
}

/** A model and its versions, oldest first. */
export interface Model {
  readonly name: string;
  readonly settings: ModelSettings;
  readonly versions: readonly Servable[];
  /** Whether nobody asked for it, but a pipeline needs it. */
  readonly isPart?: boolean;
  /** Where its files are when a client sent them; to be removed with the model. */
  readonly folder?: OverrideFolder | undefined;
}

/** The models that are served; pipelines find those of their steps here. */
export interface ModelLookup {
  /** The model of this name; undefined when none is served. */
  peek(name: string): Model | undefined;
}

/** Told what happens to a version, for logs and metrics. */
export interface VersionObserver {
  stateChanged(version: Servable): void;
  runnerDied(version: Servable, reason: string): void;
  fellBack(version: Servable, reason: string): void;
  /** It could not be tried out whether requests may share a run. */
  untried(version: Servable, reason: string): void;
  /** Rows turned out to depend on each other while requests shared runs, which they do no longer. */
  mixed(version: Servable, reason: string): void;
}
