import { ApiProperty } from '@nestjs/swagger';

/** The aliases of a model. */
export class ModelAliases {
  /** @example digits */
  model: string;
  /**
   * Version by alias.
   * @example {"stable": "1"}
   */
  aliases: Record<string, string>;
}

/** Where an alias is to point. */
export class AliasTarget {
  /**
   * A version that is served, or an alias of one.
   * @example 1
   */
  version: string;
}

/** What became of an alias. */
export class AliasChanged {
  /** @example digits */
  model: string;
  /** @example stable */
  alias: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The version it pointed at, if any.',
  })
  before: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    example: '1',
    description: 'The version it points at; null when it is gone.',
  })
  after: string | null;
}

const WEIGHTS = {
  type: 'object',
  additionalProperties: { type: 'number', minimum: 0, maximum: 1e6 },
  minProperties: 1,
  maxProperties: 100,
  example: { '1': 100 },
} as const;

/** A version that is shown requests which another answers. Its answers are compared, and go to nobody. */
export class TrafficShadow {
  /**
   * A version that answers none of the requests, or an alias of one.
   * @example 2
   */
  version: string;
  @ApiProperty({
    type: Number,
    minimum: 0,
    maximum: 1,
    example: 0.1,
    description: 'How many of the requests that name no version: 0 for none, 1 for all.',
  })
  share: number;
}

/** How requests that name no version are shared out. */
export class ModelTraffic {
  @ApiProperty({
    ...WEIGHTS,
    description: 'Shares by version or alias, in any unit. A version that is not ready gets none.',
  })
  weights: Record<string, number>;
  /** Whether one caller stays with one version; false when absent. */
  sticky?: boolean;
  shadow?: TrafficShadow;
}

/** The traffic of a model. */
export class CurrentTraffic {
  /** @example digits */
  model: string;
  @ApiProperty({
    type: ModelTraffic,
    nullable: true,
    description: 'Null when the newest version that is ready gets all requests.',
  })
  traffic: ModelTraffic | null;
}

/** What became of the traffic of a model. */
export class TrafficChanged {
  /** @example digits */
  model: string;
  @ApiProperty({ type: ModelTraffic, nullable: true, description: 'Null: all to the newest version.' })
  before: ModelTraffic | null;
  @ApiProperty({ type: ModelTraffic, nullable: true, description: 'Null: all to the newest version.' })
  after: ModelTraffic | null;
}
