import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { ApiV2Errors } from '../transport/http/api-errors';
import { errors } from '../common/errors';
import { Readiness } from './readiness';
import { V2Live, V2Ready } from './v2-health.dto';

/** Health as the Open Inference Protocol V2 has it: for its clients the status is the answer. */
@ApiTags('Health')
@SkipThrottle()
@Controller('v2/health')
export class V2HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** 200 as long as the process answers. */
  @Get('live')
  @ApiOperation({ summary: 'Whether the process is alive (V2)' })
  v2HealthLive(): V2Live {
    return { live: true };
  }

  /** 200 once the first loading has ended, a model is ready, every required one is, and no shutdown has begun; otherwise 503. */
  @Get('ready')
  @ApiOperation({ summary: 'Whether requests can be served (V2)' })
  @ApiV2Errors('unavailable')
  v2HealthReady(): V2Ready {
    const { reason } = this.readiness;
    if (reason !== '') throw errors.notReady(reason);
    return { ready: true };
  }
}
