import type { MemorySlice, PlacedTensor } from '../shared-memory/memory-slice';

/** An output that a request asks for. */
export interface OutputRequest {
  readonly name: string;
  /** How many of its largest elements to answer instead of the output itself. */
  readonly classes?: number | undefined;
  /** Where to write its bytes instead of answering them. */
  readonly slice?: MemorySlice | undefined;
}

/** One inference, free of any protocol. */
export interface InferenceRequest {
  readonly inputs: readonly PlacedTensor[];
  /** The outputs to compute, names unique; all of the model's when empty. */
  readonly outputs: readonly OutputRequest[];
  /** What the parameter `priority` asks for: 1 is the highest, 0 the default of the model. */
  readonly priority: number;
  /** Moment on the `performance.now()` clock after which nobody waits for the answer. */
  readonly deadline: number;
  /** True once the client has left; work that has not started is then dropped. */
  readonly abandoned: (() => boolean) | undefined;
}

/** The answer to an {@link InferenceRequest}. */
export interface InferenceResult {
  readonly model: string;
  readonly version: string;
  /** In the order asked for, or in the model's order. */
  readonly outputs: readonly PlacedTensor[];
}
