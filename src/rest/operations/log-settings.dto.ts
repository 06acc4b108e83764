import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

/** The settings to change. */
@ApiSchema({ additionalProperties: false } as object)
export class LogSettingsChange {
  /** @example true */
  log_info?: boolean;
  /** @example true */
  log_warning?: boolean;
  /** @example true */
  log_error?: boolean;
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, example: 0 })
  log_verbose_level?: number;
}
