import type { ModelMetrics } from './model-metrics';

/** The states of a model version. */
export const MODEL_STATES = ['LOADING', 'READY', 'UNAVAILABLE', 'UNLOADING'] as const;

/** A model version at the time of a scrape. */
export interface ModelSnapshot {
  readonly model: string;
  readonly version: string;
  readonly state: (typeof MODEL_STATES)[number];
  /** Rows and requests in the queue. */
  readonly waitingRows: number;
  readonly waitingRequests: number;
  /** Runs in flight. */
  readonly running: number;
  /** How long an idle runner waits for more requests before it runs a batch, in milliseconds. */
  readonly delayMs: number;
  /** How long loading took, in milliseconds; undefined until it has succeeded. */
  readonly loadMs: number | undefined;
  /** Its counters and histograms. */
  readonly metrics: ModelMetrics;
  /** The servers that run it; empty if it runs only here. */
  readonly targets: readonly TargetSnapshot[];
  /** Measures the memory of each of its runners, in bytes; empty if it has none. */
  readonly memory: () => Promise<readonly number[]>;
}

/** The states of a target. */
export const TARGET_STATES = ['unknown', 'healthy', 'ejected', 'unreachable'] as const;

/** A target at the time of a scrape. */
export interface TargetSnapshot {
  readonly id: string;
  readonly state: (typeof TARGET_STATES)[number];
  readonly inFlight: number;
}
