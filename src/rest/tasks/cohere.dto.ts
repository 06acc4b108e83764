import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { PURPOSES } from './cohere-purposes';

const VECTOR = { type: 'array', items: { type: 'number' } };

/** Texts to embed, in the API of Cohere. */
export class CohereEmbedRequest {
  @ApiProperty({
    type: String,
    minLength: 1,
    example: 'sentences',
    description: 'Name of the model, or the name and a version or alias: `name:alias`.',
  })
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

/** The units of a request. */
export class CohereBilledUnits {
  /** Number of tokens of all texts. */
  input_tokens: number;
}

/** The version of the API. */
export class CohereApiVersion {
  /** @example 2 */
  version: string;
}

/** Facts about a response. */
export class CohereMeta {
  api_version: CohereApiVersion;
  billed_units: CohereBilledUnits;
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
  @ApiProperty({
    type: String,
    minLength: 1,
    example: 'ranker',
    description: 'Name of the model, or the name and a version or alias: `name:alias`.',
  })
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
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description: 'Maximum number of tokens of the query and a document, if lower than that of the model.',
  })
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
