import type { Activation, Pooling } from './head';
import type { PictureRecipe } from './picture-recipe';

/** What a model computes from text or pictures. */
export const TASKS = [
  'embedding',
  'sparse_embedding',
  'reranking',
  'pair_classification',
  'text_classification',
  'token_classification',
  'image_classification',
  'feature_extraction',
] as const;

export type TaskName = (typeof TASKS)[number];

/** Tasks whose models of text return embeddings, or a vector for each token. */
export const EMBEDDING_TASKS: readonly TaskName[] = ['embedding', 'feature_extraction'];

/** Tasks whose models return scores of classes. A reranker has one class. */
export const CLASSIFICATION_TASKS: readonly TaskName[] = [
  'reranking',
  'pair_classification',
  'text_classification',
  'token_classification',
  'image_classification',
];

/** Tasks whose scores have one element for each named class. */
export const NAMED_SCORES: readonly TaskName[] = [
  'pair_classification',
  'text_classification',
  'image_classification',
];

/** Tasks whose models take pairs of texts. */
export const PAIR_TASKS: readonly TaskName[] = ['reranking', 'pair_classification'];

/** The sides on which texts that are too long can be truncated. */
export const TRUNCATION_SIDES = ['left', 'right'] as const;

export type TruncationSide = (typeof TRUNCATION_SIDES)[number];

/** How the texts of a model become tokens. */
export interface TextDefinition {
  /** Real path of its tokenizer.json. */
  readonly tokenizer: string;
  /** Maximum number of tokens of a text or pair, special tokens included. */
  readonly maxTokens: number;
  /** The side that loses tokens when a text is too long. */
  readonly truncationSide: TruncationSide;
  /** Id of the token that fills shorter texts in a batch. */
  readonly padId: number;
  /** Whether texts are lower-cased before they are tokenised. */
  readonly lowerCase: boolean;
  /** Texts to put before a text, by name, such as `query` and `passage`. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Name of the prompt for requests that name none; undefined for no prompt. */
  readonly defaultPrompt: string | undefined;
  /** Whether requests may contain token ids in place of text. */
  readonly acceptsTokenIds: boolean;
}

/** The task of a model version: everything between text or pictures and its answers. */
export interface TaskDefinition {
  readonly name: TaskName;
  /** Undefined for a model of pictures. */
  readonly text: TextDefinition | undefined;
  /** Undefined for a model of text. */
  readonly picture: PictureRecipe | undefined;
  /** Name of the input that receives the pictures; undefined if the model has only one input that fits. */
  readonly pictureInput?: string | undefined;
  /** How the vectors of tokens become one; several are concatenated. Empty if the model pools itself. */
  readonly pooling: readonly Pooling[];
  /** Whether embeddings are scaled to length 1. */
  readonly normalize: boolean;
  /** Sizes that embeddings may be cut to (Matryoshka), ascending; empty if only the full size is allowed. */
  readonly dimensions: readonly number[];
  /** What turns logits into scores. */
  readonly activation: Activation;
  /** Names of the classes by index; undefined if the folder has none. */
  readonly labels: readonly string[] | undefined;
}
