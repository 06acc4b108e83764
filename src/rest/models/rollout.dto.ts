import { ApiProperty } from '@nestjs/swagger';

/** The aliases of a model. */
export class ModelAliases {
  /** @example digits */
  model: string;
  /**
   * The version that each alias points to.
   * @example {"stable": "1"}
   */
  aliases: Record<string, string>;
}

/** The version to use. */
export class AliasTarget {
  /**
   * A version that is served, or its alias.
   * @example 1
   */
  version: string;
}

/** The result of a change to an alias. */
export class AliasChanged {
  /** @example digits */
  model: string;
  /** @example stable */
  alias: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The version that the alias pointed to before; null if the alias did not exist.',
  })
  before: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    example: '1',
    description: 'The version that the alias points to now; null if the alias was removed.',
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

/** A version that also runs requests of other versions. Its outputs are compared with theirs and then discarded. */
export class TrafficShadow {
  /**
   * A version that receives none of the traffic, or its alias.
   * @example 2
   */
  version: string;
  @ApiProperty({
    type: Number,
    minimum: 0,
    maximum: 1,
    example: 0.1,
    description:
      'Share of the requests without a version that the shadow also runs, from 0 (none) to 1 (all).',
  })
  share: number;
}

/** How requests without a version are distributed. */
export class ModelTraffic {
  @ApiProperty({
    ...WEIGHTS,
    description:
      'Weight of each version or alias, in any unit. A version that is not ready receives no requests.',
  })
  weights: Record<string, number>;
  /** Whether all requests of a client go to the same version. False by default. */
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
    description:
      'How requests without a version are distributed; null if the newest ready version receives all of them.',
  })
  traffic: ModelTraffic | null;
}

/** The result of a change to the traffic of a model. */
export class TrafficChanged {
  /** @example digits */
  model: string;
  @ApiProperty({
    type: ModelTraffic,
    nullable: true,
    description: 'The previous traffic; null if the newest ready version received all requests.',
  })
  before: ModelTraffic | null;
  @ApiProperty({
    type: ModelTraffic,
    nullable: true,
    description: 'The new traffic; null if the newest ready version receives all requests.',
  })
  after: ModelTraffic | null;
}
