/** How the vectors of the tokens of a text become one vector. */
export const POOLINGS = ['mean', 'cls', 'max', 'last_token', 'mean_sqrt_len', 'weighted_mean'] as const;

export type Pooling = (typeof POOLINGS)[number];

/** What turns logits into scores: `none` leaves them. */
export const ACTIVATIONS = ['softmax', 'sigmoid', 'none'] as const;

export type Activation = (typeof ACTIVATIONS)[number];

/**
 * What a runner computes from the outputs of a model, so that only the result leaves it. Shapes of the results, with
 * `rows` texts or pictures of at most `tokens` tokens:
 * - `embedding`: `embedding` FP32 [rows, size]; by request `token_embeddings` FP32 [rows, tokens, size].
 * - `token_embedding`: `token_embeddings` FP32 [rows, tokens, size], for models of text without a pooling.
 * - `sparse_embedding`: `embedding` FP32 [rows, vocabulary], mostly zeros.
 * - `classification`: `scores` FP32 [rows, classes]; by request `logits` FP32 [rows, classes].
 * - `token_classification`: `labels` INT64 [rows, tokens], the best class of each token, and `scores` FP32 [rows, tokens],
 *   its score; by request `logits` FP32 [rows, tokens, classes].
 */
export type Head =
  | {
      readonly kind: 'embedding';
      /** Empty if the model has an output that is already pooled. */
      readonly pooling: readonly Pooling[];
      readonly normalize: boolean;
    }
  | { readonly kind: 'token_embedding' }
  | { readonly kind: 'sparse_embedding' }
  | { readonly kind: 'classification'; readonly activation: Activation }
  | { readonly kind: 'token_classification'; readonly activation: Activation };
