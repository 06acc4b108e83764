import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { MAX_LARGE, MAX_TOKENIZER_LENGTH } from './texts';

const IDS = { type: 'array', minItems: 1, items: { type: 'integer', minimum: 0 } };

/** A text, texts, or token ids. */
const INPUTS = (maxItems: number) => [
  { type: 'string' },
  { type: 'array', minItems: 1, maxItems, items: { type: 'string' } },
  IDS,
  { type: 'array', minItems: 1, maxItems, items: IDS },
];

/** One text, or a pair. */
const SEQUENCE = { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } };

/** The model of a request of Text Embeddings Inference. */
export class TeiModel {
  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    nullable: true,
    description:
      'Name of the model, or the name and a version or alias: `name:alias`. Optional if only one ready model serves the operation, or if the header x-model names it.',
  })
  model?: string | null;
}

/** How texts that are too long are cut. */
export class TeiTruncation extends TeiModel {
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether longer texts are cut. If false, they are rejected. By default true.',
  })
  truncate?: boolean | null;
  @ApiPropertyOptional({
    type: String,
    // Lower case is accepted too, but generators of clients make one name of both.
    enum: ['Right', 'Left', null],
    nullable: true,
    description:
      'The side that longer texts are cut on, also in lower case. By default the side that the model sets.',
  })
  truncation_direction?: string | null;
}

/** The prompt of texts. */
export class TeiPrompt extends TeiTruncation {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Name of the prompt to put before each text. By default the default prompt of the model.',
  })
  prompt_name?: string | null;
}

/** Texts to embed. */
export class TeiEmbedRequest extends TeiPrompt {
  @ApiProperty({
    oneOf: INPUTS(MAX_TEXTS),
    description: 'A text or texts. Token ids are accepted only if model.yaml allows them.',
  })
  inputs: string | string[] | number[] | number[][];
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description:
      'Whether embeddings are scaled to length 1. By default true. false is rejected if the model scales them.',
  })
  normalize?: boolean | null;
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description: 'Size of the embeddings: the full size, or one that model.yaml allows.',
  })
  dimensions?: number | null;
}

/** Texts to embed token by token, or as sparse vectors. */
export class TeiTextsRequest extends TeiPrompt {
  @ApiProperty({
    oneOf: INPUTS(MAX_LARGE),
    description: 'A text or texts. Token ids are accepted only if model.yaml allows them.',
  })
  inputs: string | string[] | number[] | number[][];
}

/** An element of a sparse vector. */
export class SparseElement {
  index: number;
  value: number;
}

/** The texts to compare. */
export class SimilarityInputs {
  source_sentence: string;
  @ApiProperty({ type: 'array', minItems: 1, maxItems: MAX_TEXTS - 1, items: { type: 'string' } })
  sentences: string[];
}

/** A text to compare with others. */
export class SimilarityRequest extends TeiModel {
  inputs: SimilarityInputs;
  @ApiPropertyOptional({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description: '`truncate`, `truncation_direction` and `prompt_name`, as for `/embed`.',
  })
  parameters?: Record<string, unknown> | null;
}

/** A query and the texts to sort. */
export class TeiRerankRequest extends TeiTruncation {
  query: string;
  @ApiProperty({ type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } })
  texts: string[];
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether scores are the logits of the model. By default false.',
  })
  raw_scores?: boolean | null;
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether the response contains the texts. By default false.',
  })
  return_text?: boolean | null;
}

/** A text of a ranking. */
export class RankedText {
  /** Index of the text in the request. */
  index: number;
  score: number;
  /** Absent unless `return_text` is true. */
  text?: string;
}

/** Texts or pairs of texts to classify. */
export class TeiPredictRequest extends TeiPrompt {
  @ApiProperty({
    oneOf: [
      { type: 'string' },
      SEQUENCE,
      { type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: SEQUENCE },
    ],
    description: 'A text, a pair of texts as `[a, b]`, or several as `[[a], [b]]` or `[[a, b], [c, d]]`.',
  })
  inputs: string | string[] | string[][];
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether scores are the logits of the model. By default false.',
  })
  raw_scores?: boolean | null;
}

/** A class of a text. */
export class ScoredLabel {
  score: number;
  /** @example positive */
  label: string;
}

/** Texts to tokenise. */
export class TokenizeRequest extends TeiModel {
  @ApiProperty({
    oneOf: [
      { type: 'string' },
      { type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } },
    ],
    description: `A text or texts, together at most ${MAX_TOKENIZER_LENGTH} characters. No prompt is added.`,
  })
  inputs: string | string[];
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether the tokens that the model expects around a text are added. By default true.',
  })
  add_special_tokens?: boolean | null;
}

/** A token. */
export class TokenDetails {
  id: number;
  text: string;
  /** Whether it was added around the text. */
  special: boolean;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Its start in the text, in UTF-16 code units; null for special tokens.',
  })
  start: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Its end in the text, in UTF-16 code units; null for special tokens.',
  })
  stop: number | null;
}

/** Token ids to convert to text. */
export class DecodeRequest extends TeiModel {
  @ApiProperty({
    oneOf: [IDS, { type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: IDS }],
    description: `The ids of one text, or of several; together at most ${MAX_TOKENIZER_LENGTH}.`,
  })
  ids: number[] | number[][];
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether special tokens are left out. By default true.',
  })
  skip_special_tokens?: boolean | null;
}

/** The model that serves requests that name none. */
export class TeiInfo {
  /** @example sentences */
  model_id: string;
  @ApiProperty({ type: String, nullable: true, description: 'Always null.' })
  model_sha: string | null;
  /** Datatype of the results. */
  model_dtype: 'float32';
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { embedding: { pooling: 'mean' } },
    description: '`embedding`, `classifier` or `reranker`, with details.',
  })
  model_type: Record<string, unknown>;
  /** Maximum number of tokens of a text. */
  max_input_length: number;
  /** Maximum number of texts in a request. */
  max_client_batch_size: number;
  /** Whether longer texts are cut unless a request says otherwise. */
  auto_truncate: boolean;
  /** Version of the server. */
  version: string;
}
