import type { Tensor, TensorSpec } from '../../../../runtime/tensor';

/** What of a model decides how a prediction is read. */
export interface Expected {
  readonly inputs: readonly TensorSpec[];
  /** Whether the first dimension of every input is rows. */
  readonly batches: boolean;
}

/** How the outputs are laid out: by name, by name for a single row, or row by row. */
export type Layout = 'columns' | 'single' | 'rows';

/** A prediction that is asked for, decoded; every input is there, with as many dimensions as the model has. */
export interface PredictRequest {
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs asked for; empty means all. */
  readonly outputs: readonly string[];
  readonly layout: Layout;
  /** How many classes to tell of outputs with labels; 0 for none. */
  readonly topK: number;
}

/** The answer to a {@link PredictRequest}. */
export interface PredictResponse {
  readonly id: string | undefined;
  readonly model: string;
  readonly version: string;
  readonly outputs: readonly Tensor[];
  readonly layout: Layout;
  readonly topK: number;
  /** Labels of the last dimension, by name of the output. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}
