import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

/** Which requests are traced, by the names of the trace extension. */
export class TraceSettingsBody {
  /**
   * Always empty: traces are lines of the log.
   * @example
   */
  trace_file: string;
  /** @example ["OFF"] */
  trace_level: ('OFF' | 'TIMESTAMPS')[];
  /**
   * One request in so many.
   * @example 1000
   */
  trace_rate: string;
  /**
   * Traces still to be written; -1 for no limit.
   * @example -1
   */
  trace_count: string;
  /**
   * Always 0: a trace is written at once.
   * @example 0
   */
  log_frequency: string;
  /** @example triton */
  trace_mode: string;
}

/** The settings to change; null takes one away. */
@ApiSchema({ additionalProperties: false } as object)
export class TraceSettingsChange {
  @ApiPropertyOptional({
    nullable: true,
    enum: ['OFF', 'TIMESTAMPS'],
    isArray: true,
    minItems: 1,
    maxItems: 1,
    example: ['TIMESTAMPS'],
  })
  trace_level?: ('OFF' | 'TIMESTAMPS')[] | null;
  @ApiPropertyOptional({ ...wholeNumber(1), example: '100' })
  trace_rate?: string | number | null;
  @ApiPropertyOptional({ ...wholeNumber(-1), example: '-1' })
  trace_count?: string | number | null;
}

/** A number from `minimum` up, or the text of one, or null. */
function wholeNumber(minimum: number) {
  const pattern = minimum < 0 ? '^(-1|0|[1-9][0-9]{0,14})$' : '^[1-9][0-9]{0,14}$';
  const maximum = 999_999_999_999_999;
  return {
    anyOf: [{ type: 'string', pattern }, { type: 'integer', minimum, maximum }, { type: 'null' }],
  } as object;
}
