import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Readiness } from './readiness';
import type { FastifyRequest } from 'fastify';
import { OPEN } from '../identity/access';
import { Requires } from '../transport/http/requires';

/** Health for load balancers and Kubernetes. */
@ApiTags('Health')
@Requires(OPEN)
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  /** Returns 200 if the server accepts requests, otherwise 503, with the state of every model and the reason for it. Clients without the scope read get the status alone. For load balancers. */
  @Get()
  @HealthCheck()
  @ApiOperation({ summary: 'Get the health of the server and its models' })
  healthCheck(@Req() { caller }: FastifyRequest): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checksFor(caller));
  }

  /** Returns 200 while the process responds. It does not depend on models, because a restart would not fix them. For liveness probes. */
  @Get('live')
  @HealthCheck()
  @ApiOperation({ summary: 'Check liveness' })
  healthLive(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Returns 200 if the initial loading has finished, a model and every required model are ready, and no shutdown has begun; otherwise 503. The response is the same as that of `/health`. For readiness probes. */
  @Get('ready')
  @HealthCheck()
  @ApiOperation({ summary: 'Check readiness' })
  healthReady(@Req() { caller }: FastifyRequest): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checksFor(caller));
  }

  /** Returns 200 when the initial loading of the models has finished, successfully or not; 503 until then. For startup probes. */
  @Get('startup')
  @HealthCheck()
  @ApiOperation({ summary: 'Check startup' })
  healthStartup(): Promise<HealthCheckResult> {
    return this.health.check([() => this.readiness.started()]);
  }
}
