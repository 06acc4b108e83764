/**
 * Time of the steps of a run, in milliseconds: inputs to the runner, the run in ONNX Runtime, outputs from the runner.
 */
export interface RunTimes {
  readonly inputMs: number;
  readonly runMs: number;
  readonly outputMs: number;
}

/** Whether the response cache answered a request, and how long the cache took, in milliseconds. */
export interface CacheUse {
  readonly outcome: 'hit' | 'miss';
  readonly ms: number;
}

/** Time of the steps of a request, in milliseconds. Steps that were not reached are absent. */
export interface RequestTimes extends Partial<RunTimes> {
  readonly totalMs: number;
  readonly decodeMs?: number;
  readonly queueMs?: number;
  readonly encodeMs?: number;
  /** Absent if responses are not cached. */
  readonly cache?: CacheUse | undefined;
}
