import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

/** The settings to change. */
@ApiSchema({ additionalProperties: false } as object)
export class LogSettingsChange {
  /**
   * Whether to write information lines.
   * @example true
   */
  log_info?: boolean;
  /**
   * Whether to write warning lines.
   * @example true
   */
  log_warning?: boolean;
  /**
   * Whether to write error lines.
   * @example true
   */
  log_error?: boolean;
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, example: 0 })
  log_verbose_level?: number;
}
