import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { jsonObject } from '../../common/json-object';
import { TraceSettingsChange } from './trace-settings.dto';
import { TraceSettingsBody } from '../../observability/log/trace-settings.schema';
import { Traces } from '../../observability/log/traces';
import { ModelRegistry } from '../../models/registry/model-registry';
import { ApiModel } from '../http/api-model';
import { ADMIN, ADMIN_SERVER, READ, READ_SERVER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** An example of a valid body, for error messages. */
const FORM = '{"trace_level": ["TIMESTAMPS"], "trace_rate": "100"}';

/** The trace extension. */
@ApiTags('Operations')
@Requires(ADMIN)
@Controller('v2')
export class TraceController {
  constructor(
    private readonly traces: Traces,
    private readonly registry: ModelRegistry,
  ) {}

  /** Returns which requests are traced for models without their own settings. */
  @Get('trace/setting')
  @Requires(READ_SERVER)
  @ApiOperation({ summary: 'Get the trace settings' })
  @ApiV2Errors('overloaded', 'internal')
  traceSettings(): Promise<TraceSettingsBody> {
    return this.traces.current();
  }

  /** Changes which requests are traced, and returns all settings. A trace is one log line. */
  @Post('trace/setting')
  @Requires(ADMIN_SERVER)
  @HttpCode(200)
  @ApiOperation({ summary: 'Change the trace settings' })
  @ApiBody({ type: TraceSettingsChange, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  changeTraceSettings(@Req() { body }: { body?: Uint8Array }): Promise<TraceSettingsBody> {
    return this.traces.update(undefined, jsonObject(body, FORM));
  }

  /** Returns which requests of a model are traced. */
  @Get('models/:model/trace/setting')
  @Requires(READ)
  @ApiOperation({ summary: 'Get the trace settings of a model' })
  @ApiModel()
  async modelTraceSettings(@Param('model') model: string): Promise<TraceSettingsBody> {
    return this.traces.current(this.registry.get(model).name);
  }

  /** Changes which requests of a model are traced. Set a setting to null to use the setting of all models again. */
  @Post('models/:model/trace/setting')
  @HttpCode(200)
  @ApiOperation({ summary: 'Change the trace settings of a model' })
  @ApiBody({ type: TraceSettingsChange, required: false })
  @ApiModel()
  @ApiV2Errors('invalid', 'too_large')
  async changeModelTraceSettings(
    @Param('model') model: string,
    @Req() { body }: { body?: Uint8Array },
  ): Promise<TraceSettingsBody> {
    return this.traces.update(this.registry.get(model).name, jsonObject(body, FORM));
  }
}
