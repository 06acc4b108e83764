import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { CohereMeta } from './cohere-meta.dto';
import { MAX_TOKENS_PER_DOC, MODEL } from './member-schemas';

/** The text of a document. */
export class DocumentText {
  text: string;
}

/** A query and the documents to sort, in the APIs of Jina, vLLM and Cohere's first version. */
@ApiExtraModels(DocumentText)
export class RerankRequest {
  @ApiProperty({ ...MODEL, example: 'ranker' })
  model: string;
  query: string;
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_TEXTS,
    items: { oneOf: [{ type: 'string' }, { $ref: getSchemaPath(DocumentText) }] },
  })
  documents: (string | DocumentText)[];
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    nullable: true,
    description: 'Number of documents to return. By default, and if 0, all.',
  })
  top_n?: number | null;
  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether the response contains the documents. By default true.',
  })
  return_documents?: boolean | null;
  @ApiPropertyOptional(MAX_TOKENS_PER_DOC)
  max_tokens_per_doc?: number | null;
}

/** A document of a ranking. */
export class RankedDocument {
  /** Index of the document in the request. */
  index: number;
  relevance_score: number;
  /** Absent if `return_documents` is false. */
  document?: DocumentText;
}

/** The number of tokens of all pairs of query and document. */
export class RerankUsage {
  total_tokens: number;
}

/** The documents, highest score first. */
export class RerankResponse {
  id: string;
  /** As the request names it. */
  model: string;
  results: RankedDocument[];
  usage: RerankUsage;
  meta: CohereMeta;
}
