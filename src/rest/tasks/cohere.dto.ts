import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { CohereMeta } from './cohere-meta.dto';
import { PURPOSES } from './cohere-purposes';
import { MAX_TOKENS_PER_DOC, MODEL } from './member-schemas';

const VECTOR = { type: 'array', items: { type: 'number' } };

/** Texts to embed, in the API of Cohere. */
export class CohereEmbedRequest {
  @ApiProperty({ ...MODEL, example: 'sentences' })
  model: string;
  @ApiProperty({ type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } })
  texts: string[];
  @ApiPropertyOptional({
    type: String,
    enum: [...PURPOSES, null],
    nullable: true,
    description:
      'What the texts are for, which selects a prompt of the model: `query` for search_query, `passage` or `document` for search_document. The default prompt of the model if it has none.',
  })
  input_type?: string | null;
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', enum: ['float', 'base64'] },
    minItems: 1,
    nullable: true,
    description:
      'Types of the embeddings. base64 is the float32 values, little-endian. By default float; in the first version, a plain list.',
  })
  embedding_types?: string[] | null;
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description: 'Size of the embeddings.',
  })
  output_dimension?: number | null;
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description: 'Maximum number of tokens of a text, if lower than that of the model.',
  })
  max_tokens?: number | null;
  @ApiPropertyOptional({
    type: String,
    enum: ['NONE', 'START', 'END', null],
    nullable: true,
    description:
      'Which side of longer texts is cut. NONE rejects them. By default the side that the model sets.',
  })
  truncate?: string | null;
}

/** The embeddings by type, each in the order of the texts. */
export class CohereEmbeddings {
  @ApiPropertyOptional({ type: 'array', items: VECTOR })
  float?: number[][];
  @ApiPropertyOptional({ type: 'array', items: { type: 'string' } })
  base64?: string[];
}

/** The response to a request for embeddings. */
export class CohereEmbedResponse {
  id: string;
  /** The texts of the request. */
  texts: string[];
  embeddings: CohereEmbeddings;
  response_type: 'embeddings_by_type';
  meta: CohereMeta;
}

/** The response to a request for embeddings without types. */
export class CohereEmbedFloats {
  id: string;
  /** The texts of the request. */
  texts: string[];
  @ApiProperty({
    type: 'array',
    items: VECTOR,
    description: 'The embeddings, in the order of the texts.',
  })
  embeddings: number[][];
  response_type: 'embeddings_floats';
  meta: CohereMeta;
}

/** A query and the documents to sort, in the API of Cohere. */
export class CohereRerankRequest {
  @ApiProperty({ ...MODEL, example: 'ranker' })
  model: string;
  query: string;
  @ApiProperty({ type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } })
  documents: string[];
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description: 'Number of documents to return. By default all.',
  })
  top_n?: number | null;
  @ApiPropertyOptional(MAX_TOKENS_PER_DOC)
  max_tokens_per_doc?: number | null;
}

/** A document of a ranking. */
export class CohereRankedDocument {
  /** Index of the document in the request. */
  index: number;
  relevance_score: number;
}

/** The documents, highest score first. */
export class CohereRerankResponse {
  id: string;
  results: CohereRankedDocument[];
  meta: CohereMeta;
}
