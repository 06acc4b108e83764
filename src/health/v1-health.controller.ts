import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { V1Live } from './v1-health.dto';
import { OPEN } from '../identity/access';
import { Requires } from '../transport/http/requires';

/** Health of KServe's V1 protocol. */
@ApiTags('Health')
@Requires(OPEN)
@Controller()
export class V1HealthController {
  /** Returns 200 while the process responds. */
  @Get()
  @ApiOperation({ summary: 'Check liveness (KServe V1)' })
  v1HealthLive(): V1Live {
    return { status: 'alive' };
  }
}
