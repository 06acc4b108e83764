import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { ModelsModule } from '../models/models.module';
import { Drain } from './drain';
import { GrpcHealth } from './grpc-health';
import { GrpcHealthController } from './grpc-health.controller';
import { HealthController } from './health.controller';
import { Readiness } from './readiness';
import { V2HealthController } from './v2-health.controller';

/** Health checks: liveness, which does not depend on models, readiness, which does, and the drain of a shutdown. */
@Module({
  // Terminus would log every failed probe. The registry already logs each change of state.
  imports: [ModelsModule, TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController, V2HealthController, GrpcHealthController],
  providers: [Drain, Readiness, GrpcHealth],
  exports: [Drain, Readiness],
})
export class HealthModule {}
