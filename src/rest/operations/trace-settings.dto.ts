import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

/** The settings to change; null removes a setting. */
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

/** A whole number of at least `minimum`, as a number or a string, or null. */
function wholeNumber(minimum: number) {
  const pattern = minimum < 0 ? '^(-1|0|[1-9][0-9]{0,14})$' : '^[1-9][0-9]{0,14}$';
  const maximum = 999_999_999_999_999;
  return {
    anyOf: [{ type: 'string', pattern }, { type: 'integer', minimum, maximum }, { type: 'null' }],
  } as object;
}
