/** Where the time of a run went, in milliseconds: inputs to the runner, the run in ONNX Runtime, outputs from the runner. */
export interface RunTimes {
  readonly inputMs: number;
  readonly runMs: number;
  readonly outputMs: number;
}

/** What the cache of a model did for a request: answered it, or left it to the model; and how long that took, in milliseconds. */
export interface CacheUse {
  readonly outcome: 'hit' | 'miss';
  readonly ms: number;
}

/** Where the time of a request went, in milliseconds. A step that was not reached is absent. */
export interface RequestTimes extends Partial<RunTimes> {
  readonly totalMs: number;
  readonly decodeMs?: number;
  readonly queueMs?: number;
  readonly encodeMs?: number;
  /** Absent for a model without a cache. */
  readonly cache?: CacheUse | undefined;
}
