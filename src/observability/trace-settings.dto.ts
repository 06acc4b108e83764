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
    example: ['TIMESTAMPS'],
  })
  trace_level?: ('OFF' | 'TIMESTAMPS')[] | null;
  @ApiPropertyOptional({ type: 'string', nullable: true, pattern: '^[1-9][0-9]{0,14}$', example: '100' })
  trace_rate?: string | null;
  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    pattern: '^(-1|0|[1-9][0-9]{0,14})$',
    example: '-1',
  })
  trace_count?: string | null;
}
