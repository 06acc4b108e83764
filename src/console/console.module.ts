import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module';
import { ModelsModule } from '../models/models.module';
import { UsageModule } from '../usage/usage.module';
import { ConsoleController } from './console.controller';
import { EventStreams } from './event-streams';
import { HomeController } from './home.controller';
import { Page } from './page';
import { ProcessReport } from './process-report';
import { Sampler } from './sampler';
import { TopClients } from './top-clients';

/** The console: its page, and the state of the gateway that it shows. */
@Module({
  imports: [HealthModule, ModelsModule, UsageModule],
  controllers: [HomeController, ConsoleController],
  providers: [ProcessReport, Sampler, TopClients, EventStreams, Page],
})
export class ConsoleModule {}
