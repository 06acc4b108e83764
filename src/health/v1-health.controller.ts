import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { V1Live } from './v1-health.dto';

/** The liveness check of KServe's V1 protocol. */
@ApiTags('Health')
@SkipThrottle()
@Controller()
export class V1HealthController {
  /** Returns 200 as long as the process responds. */
  @Get()
  @ApiOperation({ summary: 'Check whether the process is alive (KServe V1)' })
  v1HealthLive(): V1Live {
    return { status: 'alive' };
  }
}
