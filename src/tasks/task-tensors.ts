/** Names of the inputs of models with a task: texts, the second texts of pairs, and pictures. */
export type TaskInputName = 'text' | 'text_pair' | 'image';

/** Names of the outputs of models with a task. `labels` is only between a runner and the gateway. */
export type TaskOutputName =
  | 'embedding'
  | 'token_embeddings'
  | 'scores'
  | 'logits'
  | 'labels'
  /** The entities of each text, as a JSON array. */
  | 'entities'
  /** The number of tokens of each text. */
  | 'tokens';

/** Maximum number of texts or pairs of texts in a request, as in OpenAI's API. */
export const MAX_TEXTS = 2048;
