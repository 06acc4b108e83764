import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { jsonObject } from '../../common/json-object';
import { LogSettings } from '../../observability/log/log-settings';
import { LogSettingsChange } from './log-settings.dto';
import { LogSettingsBody } from '../../observability/log/log-settings.schema';
import { ADMIN_SERVER, READ_SERVER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** The logging extension. */
@ApiTags('Operations')
@Requires(ADMIN_SERVER)
@Controller('v2/logging')
export class LogSettingsController {
  constructor(private readonly settings: LogSettings) {}

  /** Returns which log lines are written. */
  @Get()
  @Requires(READ_SERVER)
  @ApiOperation({ summary: 'Get the log settings' })
  @ApiV2Errors('overloaded', 'internal')
  logSettings(): LogSettingsBody {
    return this.settings.current();
  }

  /**
   * Changes which log lines are written until the server stops, and returns all settings. Severities are nested: for
   * example, turning off warnings also turns off information.
   */
  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Change the log settings' })
  @ApiBody({ type: LogSettingsChange, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  changeLogSettings(@Req() { body }: { body?: Uint8Array }): Promise<LogSettingsBody> {
    return this.settings.update(jsonObject(body, '{"log_verbose_level": 1}'));
  }
}
