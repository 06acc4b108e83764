import { ApiProperty } from '@nestjs/swagger';

/** How one output of the shadow compares with the output that was returned to the client. */
export class ShadowOutput {
  /** @example probabilities */
  name: string;
  /**
   * Number of requests for which all elements are equal.
   * @example 990
   */
  equal: number;
  /**
   * Number of requests whose difference is not a number: the shapes or texts differ, or only one side is NaN.
   * @example 0
   */
  incomparable: number;
  /**
   * Largest absolute difference between two elements at the same position.
   * @example 0.0000012
   */
  max_abs_difference: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.998,
    description:
      'Share of the rows in which the same element is the largest; null if the output has no labels.',
  })
  label_agreement: number | null;
}

/** Requests that were selected for the shadow. */
export class ShadowRequests {
  /**
   * Number of requests whose outputs were compared.
   * @example 1000
   */
  compared: number;
  /**
   * Number of requests for which the shadow returned an error.
   * @example 0
   */
  failed: number;
  /**
   * Number of requests that the shadow did not run: the server was too busy, the shadow was not ready, or the run did
   * not start within a second.
   * @example 12
   */
  dropped: number;
}

/** Mean time from the queue to the outputs of the compared requests, in milliseconds. */
export class ShadowLatency {
  /**
   * Latency of the versions that responded to clients.
   * @example 2.1
   */
  answering: number;
  /**
   * Latency of the shadow.
   * @example 2.4
   */
  shadow: number;
}

/** How the outputs of a shadow compare with the outputs that were returned to clients. */
export class ShadowReport {
  /** @example 2 */
  version: string;
  /** Whether the shadow still receives requests. */
  active: boolean;
  /** When the shadow received its first request. */
  since: string;
  requests: ShadowRequests;
  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The most recent error of the shadow; null if it has not failed.',
  })
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
    description: 'The current shadow, or the last one since the server started; null if there was none.',
  })
  shadow: ShadowReport | null;
}
