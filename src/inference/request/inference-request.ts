import type { TextOptions } from '../../tasks/text/text-options';
import type { MemorySlice, PlacedTensor } from '../shared-memory/memory-slice';

/** A requested output. */
export interface OutputRequest {
  readonly name: string;
  /** Number of largest elements to return instead of the output itself. */
  readonly classes?: number | undefined;
  /** Where to write the output instead of returning its data. */
  readonly slice?: MemorySlice | undefined;
}

/** An inference request, independent of any protocol. */
export interface InferenceRequest {
  readonly inputs: readonly PlacedTensor[];
  /** The outputs to compute, with unique names. If empty, all outputs of the model. */
  readonly outputs: readonly OutputRequest[];
  /** What the request sets for its texts. */
  readonly text?: TextOptions | undefined;
  /** The parameter `priority`: 1 is the highest, 0 the default of the model. */
  readonly priority: number;
  /** Keeps requests of one session on one server, if other servers run the model; undefined without a session. */
  readonly session?: string | undefined;
  /** Deadline of the response, on the `performance.now()` clock. */
  readonly deadline: number;
  /** Returns whether the client has disconnected. Work that has not started is then dropped. */
  readonly abandoned: (() => boolean) | undefined;
}

/** The result of an {@link InferenceRequest}. */
export interface InferenceResult {
  readonly model: string;
  readonly version: string;
  /** In the requested order, or in the model's order. */
  readonly outputs: readonly PlacedTensor[];
}
