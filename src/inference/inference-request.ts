import type { Tensor } from '../runtime/tensor';

/** One inference, free of any protocol. */
export interface InferenceRequest {
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to compute; all of the model's when empty. */
  readonly outputs: readonly string[];
  /** How many classes of an output to answer instead of the output itself, by its name. */
  readonly classCounts?: ReadonlyMap<string, number> | undefined;
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
  readonly outputs: readonly Tensor[];
}
