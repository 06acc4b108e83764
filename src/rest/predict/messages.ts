import type { InferenceResult } from '../../inference/request/inference-request';
import type { TensorSpec } from '../../tensor/tensor';
import type { DecodedRequest } from '../codec/messages';

/** Whose form of predictions: our own, or that of TensorFlow Serving, which is KServe's V1 too. */
export type PredictionForm = 'nexus' | 'tensorflow';

/** What decides how a prediction is read: the model, and the form that is asked for. */
export interface PredictionTarget {
  readonly form: PredictionForm;
  readonly inputs: readonly TensorSpec[];
  /** Whether the first dimension of every input is rows. */
  readonly batches: boolean;
}

/** How the outputs are laid out: by name, by name for a single row, or row by row. */
export type Layout = 'columns' | 'single' | 'rows';

/** A prediction that is asked for, decoded; every input is there, with as many dimensions as the model has. */
export interface DecodedPrediction extends DecodedRequest {
  readonly id: string | undefined;
  readonly layout: Layout;
  /** How many classes to tell of outputs that are scores, 0 for none; undefined for some of those that have labels. */
  readonly topK: number | undefined;
}

/** The answer to a {@link DecodedPrediction}. */
export interface PredictionAnswer extends InferenceResult {
  readonly id: string | undefined;
  readonly layout: Layout;
  readonly form: PredictionForm;
  readonly topK: number | undefined;
  /** Whether the first dimension of every output is rows. */
  readonly batches: boolean;
  /** Labels of the last dimension, by name of the output. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Names of the outputs that are logits: the scores of their classes are probabilities. */
  readonly softmax: readonly string[];
}
