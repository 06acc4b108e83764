import { ApiProperty } from '@nestjs/swagger';

/** How one output of the shadow compares with that of the version that answers. */
export class ShadowOutput {
  /** @example probabilities */
  name: string;
  /**
   * Requests for which no element differs.
   * @example 990
   */
  equal: number;
  /**
   * Requests for which no number tells the difference: other shapes, other text, or NaN on one side.
   * @example 0
   */
  incomparable: number;
  /**
   * Largest difference of two elements in the same place.
   * @example 0.0000012
   */
  max_abs_difference: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.998,
    description: 'Share of the rows whose largest element is the same; null where the output has no labels.',
  })
  label_agreement: number | null;
}

/** Requests that were the shadow's turn. */
export class ShadowRequests {
  /** @example 1000 */
  compared: number;
  /**
   * The shadow gave an error.
   * @example 0
   */
  failed: number;
  /**
   * There was too much to do, the shadow was not ready, or it could not begin within a second.
   * @example 12
   */
  dropped: number;
}

/** Mean time from the queue to the outputs, of the requests that were compared, in milliseconds. */
export class ShadowLatency {
  /** @example 2.1 */
  answering: number;
  /** @example 2.4 */
  shadow: number;
}

/** What has come of showing requests to a version. */
export class ShadowReport {
  /** @example 2 */
  version: string;
  /** Whether it is still shown requests. */
  active: boolean;
  /** When it was shown the first. */
  since: string;
  requests: ShadowRequests;
  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why it failed the last time.' })
  last_failure: string | null;
  outputs: ShadowOutput[];
  mean_latency_ms: ShadowLatency;
}

/** The shadow of a model. */
export class ModelShadow {
  /** @example digits */
  model: string;
  @ApiProperty({
    type: ShadowReport,
    nullable: true,
    description: 'The shadow it has, or had last, since the start of the process; null when there was none.',
  })
  shadow: ShadowReport | null;
}
