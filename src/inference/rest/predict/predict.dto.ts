import { ApiPropertyOptional } from '@nestjs/swagger';

/** What to predict from. Exactly one of `inputs` and `instances` is given. */
export class PredictRequest {
  /** Comes back in the answer. */
  id?: string;
  /** Every input by its name, nested as its shape. A single item may leave out the first dimension of a model that batches. */
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
    description: 'How many classes to tell of outputs that have labels; 5 when absent, 0 for none.',
  })
  top_k?: number;
}

/** A class of an output with labels. */
export class PredictedClass {
  /** @example seven */
  label: string;
  /** @example 0.98 */
  score: number;
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
  /** The largest classes of each row of the outputs that have labels, the largest first. */
  classes?: Record<string, unknown>;
}
