import type { InferenceResult } from '../../inference/request/inference-request';
import type { TensorSpec } from '../../tensor/tensor';
import type { DecodedRequest } from '../codec/messages';

/** The format of predictions: the format of Nexus, or that of TensorFlow Serving, which is also KServe's V1. */
export type PredictionForm = 'nexus' | 'tensorflow';

/** What decoding a prediction depends on: the format, and the inputs of the model. */
export interface PredictionTarget {
  readonly form: PredictionForm;
  readonly inputs: readonly TensorSpec[];
  /** Tensors that requests may contain in place of {@link inputs}. */
  readonly tensorInputs: readonly TensorSpec[];
  /** Whether the first dimension of every input is the batch dimension. */
  readonly batches: boolean;
}

/** The layout of the outputs: by name, by name for a single row, or row by row. */
export type Layout = 'columns' | 'single' | 'rows';

/** A decoded prediction request with all inputs, in all dimensions of the model. */
export interface DecodedPrediction extends DecodedRequest {
  readonly id: string | undefined;
  readonly layout: Layout;
  /** Number of classes to return for outputs that contain scores, 0 for none; undefined for the default of outputs with labels. */
  readonly topK: number | undefined;
}

/** The response to a {@link DecodedPrediction}. */
export interface PredictionAnswer extends InferenceResult {
  readonly id: string | undefined;
  readonly layout: Layout;
  readonly form: PredictionForm;
  readonly topK: number | undefined;
  /** Whether the first dimension of every output is the batch dimension. */
  readonly batches: boolean;
  /** Names of the outputs whose elements are JSON. */
  readonly json: readonly string[];
  /** Labels of the last dimension, by output name. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Names of the outputs that are logits. The scores of their classes are converted to probabilities. */
  readonly softmax: readonly string[];
}
