import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { TokenUsage } from './token-usage.dto';

const TEXTS = [
  { type: 'string' },
  { type: 'array', minItems: 1, maxItems: MAX_TEXTS, items: { type: 'string' } },
];

/** Pairs of texts to score, in the API of vLLM. `queries` and `documents` or `items`, or `data_1` and `data_2`, are other names of the texts. */
export class ScoreRequest {
  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    nullable: true,
    example: 'ranker',
    description: 'Name of the model. Optional if only one ready model ranks documents.',
  })
  model?: string | null;
  @ApiProperty({ oneOf: TEXTS, description: 'One text for all pairs, or the first text of each pair.' })
  text_1: string | string[];
  @ApiProperty({ oneOf: TEXTS, description: 'The second text of each pair.' })
  text_2: string | string[];
}

/** The score of a pair. */
export class PairScore {
  /** Index of the pair. */
  index: number;
  object: 'score';
  score: number;
}

/** The number of tokens of all pairs. */
export class ScoreUsage extends TokenUsage {
  completion_tokens: 0;
}

/** The scores, in the order of the pairs. */
export class ScoreResponse {
  id: string;
  object: 'list';
  /** Unix time in seconds. */
  created: number;
  /** As the request names it. */
  model: string;
  data: PairScore[];
  usage: ScoreUsage;
}
