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

  /** 200 when requests can be sent here, otherwise 503; with the state and the reason of every model. For load balancers. */
  @Get()
  @HealthCheck()
  @ApiOperation({ summary: 'Whether to send requests here, and why' })
  healthCheck(): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checks);
  }

  /** 200 as long as the process answers. It depends on no model: restarting would not mend one. For liveness probes. */
  @Get('live')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether the process is alive' })
  healthLive(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** As `/health`: 200 once the first loading has ended, a model is ready, every required one is, and no shutdown has begun; otherwise 503. For readiness probes. */
  @Get('ready')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether requests can be served' })
  healthReady(): Promise<HealthCheckResult> {
    return this.health.check(this.readiness.checks);
  }

  /** 200 once the first loading of the models has ended, well or not; 503 before. For startup probes. */
  @Get('startup')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether the start is over' })
  healthStartup(): Promise<HealthCheckResult> {
    return this.health.check([() => this.readiness.started()]);
  }
}
