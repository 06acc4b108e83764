/** Where the time of a run went, in milliseconds: inputs to the runner, the run in ONNX Runtime, outputs from the runner. */
export interface RunTimes {
  readonly inputMs: number;
  readonly runMs: number;
  readonly outputMs: number;
}
