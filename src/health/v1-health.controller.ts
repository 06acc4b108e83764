import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { V1Live } from './v1-health.dto';

/** Health as KServe's V1 protocol has it. */
@ApiTags('Health')
@SkipThrottle()
@Controller()
export class V1HealthController {
  /** 200 as long as the process answers. */
  @Get()
  @ApiOperation({ summary: "Whether the process is alive (KServe's V1)" })
  v1HealthLive(): V1Live {
    return { status: 'alive' };
  }
}
