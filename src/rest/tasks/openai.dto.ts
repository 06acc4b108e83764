import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { TokenUsage } from './token-usage.dto';

/** Texts to embed, in the API of OpenAI. Members that are not listed are ignored. */
export class EmbeddingsRequest {
  /**
   * Name of the model, or the name and a version or alias: `name:alias`.
   * @example sentences
   */
  @ApiProperty({ type: String, minLength: 1, example: 'sentences' })
  model: string;
  @ApiProperty({
    oneOf: [
      { type: 'string' },
      { type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } },
      { type: 'array', minItems: 1, items: { type: 'integer', minimum: 0 } },
      {
        type: 'array',
        minItems: 1,
        maxItems: MAX_TEXTS,
        items: { type: 'array', minItems: 1, items: { type: 'integer', minimum: 0 } },
      },
    ],
    description:
      'A text or texts. Token ids are accepted only if model.yaml allows them, because those of another vocabulary would result in a wrong embedding.',
  })
  input: string | string[] | number[] | number[][];
  @ApiPropertyOptional({
    type: String,
    enum: ['float', 'base64', null],
    nullable: true,
    description: 'base64 is the float32 values, little-endian. By default float.',
  })
  encoding_format?: 'float' | 'base64' | null;
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    nullable: true,
    description:
      'Size of the embeddings: the full size, or one that model.yaml allows. Shorter embeddings are scaled again.',
  })
  dimensions?: number | null;
  @ApiPropertyOptional({ type: String, nullable: true, description: 'Ignored.' })
  user?: string | null;
}

/** An embedding. */
export class EmbeddingItem {
  object: 'embedding';
  /** Index of the text in the request. */
  index: number;
  @ApiProperty({
    oneOf: [{ type: 'array', items: { type: 'number' } }, { type: 'string' }],
    description: 'Numbers, or base64.',
  })
  embedding: number[] | string;
}

/** The embeddings, in the order of the texts. */
export class EmbeddingsResponse {
  object: 'list';
  data: EmbeddingItem[];
  /** As the request names it. */
  model: string;
  usage: TokenUsage;
}
