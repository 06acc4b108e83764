import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { SkipThrottle } from '@nestjs/throttler';
import { Readiness } from './readiness';

/** Health for load balancers and Kubernetes. */
@ApiTags('Health')
@SkipThrottle()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  /** Returns 200 if the server can serve requests, otherwise 503, with the state and reason of every model. For load balancers. */
  @Get()
  @HealthCheck()
  @ApiOperation({ summary: 'Check the health of the server and its models' })
  healthCheck(): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checks);
  }

  /** Returns 200 as long as the process responds, whatever the state of the models, because a restart would not fix a model. For liveness probes. */
  @Get('live')
  @HealthCheck()
  @ApiOperation({ summary: 'Check whether the process is alive' })
  healthLive(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Like `/health`, returns 200 if the initial loading has finished, at least one model and every required model is ready, and no shutdown has begun, otherwise 503. For readiness probes. */
  @Get('ready')
  @HealthCheck()
  @ApiOperation({ summary: 'Check whether the server is ready' })
  healthReady(): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checks);
  }

  /** Returns 503 until the initial loading of the models has finished, then 200, even if models did not load. For startup probes. */
  @Get('startup')
  @HealthCheck()
  @ApiOperation({ summary: 'Check whether startup has finished' })
  healthStartup(): Promise<HealthCheckResult> {
    return this.health.check([() => this.readiness.started()]);
  }
}
