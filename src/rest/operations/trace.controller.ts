import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { jsonObject } from '../../common/json-object';
import { TraceSettingsChange } from './trace-settings.dto';
import { TraceSettingsBody } from '../../observability/log/trace-settings.schema';
import { Traces } from '../../observability/log/traces';
import { ModelRegistry } from '../../models/registry/model-registry';
import { ApiModel } from '../http/api-model';

/** What a body of this extension may be, for its errors. */
const FORM = '{"trace_level": ["TIMESTAMPS"], "trace_rate": "100"}';

/** The trace extension. */
@ApiTags('Operations')
@Controller('v2')
export class TraceController {
  constructor(
    private readonly traces: Traces,
    private readonly registry: ModelRegistry,
  ) {}

  /** Which requests are traced, of models that have no settings of their own. */
  @Get('trace/setting')
  @ApiOperation({ summary: 'Trace settings' })
  @ApiV2Errors('overloaded', 'internal')
  traceSettings(): TraceSettingsBody {
    return this.traces.current();
  }

  /** Changes which requests are traced; a trace is a line of the log. Answers all settings. */
  @Post('trace/setting')
  @HttpCode(200)
  @ApiOperation({ summary: 'Change trace settings' })
  @ApiBody({ type: TraceSettingsChange, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  changeTraceSettings(@Req() { body }: { body?: Uint8Array }): TraceSettingsBody {
    return this.traces.update(undefined, jsonObject(body, FORM));
  }

  /** Which requests of a model are traced. */
  @Get('models/:model/trace/setting')
  @ApiOperation({ summary: 'Trace settings of a model' })
  @ApiModel()
  modelTraceSettings(@Param('model') model: string): TraceSettingsBody {
    return this.traces.current(this.registry.get(model).name);
  }

  /** Changes which requests of a model are traced; null goes back to the settings of all models. */
  @Post('models/:model/trace/setting')
  @HttpCode(200)
  @ApiOperation({ summary: 'Change trace settings of a model' })
  @ApiBody({ type: TraceSettingsChange, required: false })
  @ApiModel()
  @ApiV2Errors('invalid', 'too_large')
  changeModelTraceSettings(
    @Param('model') model: string,
    @Req() { body }: { body?: Uint8Array },
  ): TraceSettingsBody {
    return this.traces.update(this.registry.get(model).name, jsonObject(body, FORM));
  }
}
