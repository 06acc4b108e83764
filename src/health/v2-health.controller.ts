import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../transport/http/api-errors';
import { errors } from '../common/errors';
import { HIDDEN, maySeeHealth, Readiness } from './readiness';
import { V2Live, V2Ready } from './v2-health.dto';
import type { FastifyRequest } from 'fastify';
import { OPEN } from '../identity/access';
import { Requires } from '../transport/http/requires';

/** Health of the Open Inference Protocol V2, whose clients read only the status. */
@ApiTags('Health')
@Requires(OPEN)
@Controller('v2/health')
export class V2HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** Returns 200 while the process responds. */
  @Get('live')
  @ApiOperation({ summary: 'Check liveness (V2)' })
  v2HealthLive(): V2Live {
    return { live: true };
  }

  /** Returns 200 if the initial loading has finished, a model and every required model are ready, and no shutdown has begun; otherwise 503. */
  @Get('ready')
  @ApiOperation({ summary: 'Check readiness (V2)' })
  @ApiV2Errors('unavailable')
  v2HealthReady(@Req() { caller }: FastifyRequest): V2Ready {
    const { reason } = this.readiness;
    if (reason !== '') throw errors.notReady(maySeeHealth(caller) ? reason : HIDDEN);
    return { ready: true };
  }
}
