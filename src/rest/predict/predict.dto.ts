import { ApiPropertyOptional } from '@nestjs/swagger';

/** The inputs of a prediction. Exactly one of `inputs` and `instances` is required. */
export class PredictRequest {
  /** Returned in the response. */
  id?: string;
  /** Every input by name, nested like its shape. If the model batches, a single item can omit the first dimension. An input of shape [n,1] also accepts elements instead of arrays of one element. */
  inputs?: Record<string, unknown>;
  /** One item per row. Each item is an object of inputs by name or, if the model has one input, the value of that input. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  instances?: unknown[];
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description: 'Names of the outputs to compute. All outputs if absent.',
  })
  outputs?: string[];
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    description:
      'Number of classes to return for each output that has labels or is a vector of scores for each row. By default 5 for outputs with labels and none for other outputs. 0 returns no classes.',
  })
  top_k?: number;
  @ApiPropertyOptional({
    type: 'object',
    nullable: true,
    additionalProperties: { type: ['string', 'number', 'boolean'] as never },
    description:
      '`priority`: 1 is the highest, 0 the default of the model. `timeout`: microseconds until the response is no longer needed. For models of text: `prompt_name`, the prompt to put before each text; `truncate`, false to reject texts that are too long; `truncation_direction`, left or right.',
  })
  parameters?: Record<string, string | number | boolean> | null;
}

/** A prediction: `outputs` for a request with `inputs`, `predictions` for one with `instances`. */
export class PredictResponse {
  /** The id of the request. Absent if the request has none. */
  id?: string;
  /** @example digits */
  model: string;
  /**
   * The version that ran the request.
   * @example 1
   */
  version: string;
  /** Every output by name, nested like its shape. */
  outputs?: Record<string, unknown>;
  /** The outputs of each row by name. */
  predictions?: Record<string, unknown>[];
  /** The classes of each row with the highest scores, highest first. A class has a label and a score, or an index and a score if the output has no labels. Scores are probabilities if model.yaml applies softmax to the output. */
  classes?: Record<string, unknown>;
}

/** The inputs of a prediction in the protocol of TensorFlow Serving. Exactly one of `inputs` and `instances` is required. */
export class TensorflowRequest {
  @ApiPropertyOptional({
    type: 'array',
    items: {},
    description:
      'One item per row. Each item is an object of inputs by name or, if the model has one input, the value of that input.',
  })
  instances?: unknown[];
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'Every input by name with all of its dimensions or, if the model has one input, the value of that input.',
  })
  inputs?: unknown;
  @ApiPropertyOptional({
    type: 'string',
    enum: ['serving_default'],
    description: 'Every model has exactly one signature.',
  })
  signature_name?: string;
}

/** A prediction in the protocol of TensorFlow Serving: `predictions` for a request with `instances`, `outputs` for one with `inputs`. */
export class TensorflowResponse {
  @ApiPropertyOptional({
    type: 'array',
    items: {},
    description:
      'The outputs of each row: a value if the model has one output, otherwise an object of outputs by name.',
  })
  predictions?: unknown[];
  @ApiPropertyOptional({
    description: 'A value if the model has one output, otherwise an object of outputs by name.',
  })
  outputs?: unknown;
}
