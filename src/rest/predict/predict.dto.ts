import { ApiPropertyOptional } from '@nestjs/swagger';

/** What to predict from. Exactly one of `inputs` and `instances` is given. */
export class PredictRequest {
  /** Comes back in the answer. */
  id?: string;
  /** Every input by its name, nested as its shape. A single item may leave out the first dimension of a model that batches. An input of shape [n,1] takes elements in place of arrays of one. */
  inputs?: Record<string, unknown>;
  /** Row by row, each an object of inputs by name; for a model with one input, the values themselves. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  instances?: unknown[];
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description: 'Names of the outputs to compute; all when absent.',
  })
  outputs?: string[];
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    description:
      'How many classes to tell of outputs that have labels or are a vector of scores for each row; when absent, 5 of those that have labels; 0 for none.',
  })
  top_k?: number;
}

/** A prediction: `outputs` for a request with `inputs`, `predictions` for one with `instances`. */
export class PredictResponse {
  id?: string;
  /** @example digits */
  model: string;
  /** @example 1 */
  version: string;
  /** Every output by its name, nested as its shape. */
  outputs?: Record<string, unknown>;
  /** The outputs of each row, by name. */
  predictions?: Record<string, unknown>[];
  /** The largest classes of each row, the largest first: label and score, or index and score of outputs without labels. The scores are probabilities where model.yaml says softmax. */
  classes?: Record<string, unknown>;
}

/** What to predict from, in the protocol of TensorFlow Serving. Exactly one of `inputs` and `instances` is given. */
export class TensorflowRequest {
  @ApiPropertyOptional({
    type: 'array',
    items: {},
    description:
      'Row by row, each an object of inputs by name; for a model with one input, the values themselves.',
  })
  instances?: unknown[];
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'Every input by its name, with all of its dimensions; for a model with one input, the values themselves.',
  })
  inputs?: unknown;
  @ApiPropertyOptional({
    type: 'string',
    enum: ['serving_default'],
    description: 'A model has one signature.',
  })
  signature_name?: string;
}

/** A prediction in the protocol of TensorFlow Serving: `predictions` for a request with `instances`, `outputs` for one with `inputs`. */
export class TensorflowResponse {
  @ApiPropertyOptional({
    type: 'array',
    items: {},
    description: 'The outputs of each row: the value of the only one, or an object by name.',
  })
  predictions?: unknown[];
  @ApiPropertyOptional({ description: 'The value of the only output, or an object of all by name.' })
  outputs?: unknown;
}
