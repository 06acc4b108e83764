import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { errors } from '../common/errors';
import { Readiness } from './readiness';

/** Health as the Open Inference Protocol V2 has it: the status is the answer, the body is empty. */
@ApiTags('Health')
@SkipThrottle()
@Controller('v2/health')
export class V2HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** 200 as long as the process answers. */
  @Get('live')
  @Header('content-length', '0')
  @ApiOperation({ summary: 'Whether the process is alive (V2)' })
  @ApiOkResponse({ description: 'Alive.' })
  v2HealthLive(): void {}

  /** 200 when every required model is ready and the server is not shutting down, otherwise 503. */
  @Get('ready')
  @Header('content-length', '0')
  @ApiOperation({ summary: 'Whether every required model is ready (V2)' })
  @ApiOkResponse({ description: 'Ready.' })
  v2HealthReady(): void {
    const { reason } = this.readiness;
    if (reason !== '') throw errors.notReady(reason);
  }
}
