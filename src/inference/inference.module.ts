import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { InferenceCache } from './cache/inference-cache';
import { Fallbacks } from './fallback/fallbacks';
import { ForwardingService } from './forwarding/forwarding.service';
import { InferenceService } from './inference.service';
import { PayloadLog } from './payload-log';
import { ShadowMetrics } from './shadow/shadow-metrics';
import { Shadowing } from './shadow/shadowing';
import { InputCheck } from './shared-memory/input-check';
import { UsageModule } from '../usage/usage.module';
import { SharedMemory } from './shared-memory/shared-memory';

/** The data plane: serves requests, independent of any protocol. */
@Module({
  imports: [ModelsModule, UsageModule],
  providers: [
    InferenceService,
    ForwardingService,
    Fallbacks,
    PayloadLog,
    InferenceCache,
    Shadowing,
    ShadowMetrics,
    SharedMemory,
    InputCheck,
  ],
  exports: [InferenceService, ForwardingService, ShadowMetrics, SharedMemory],
})
export class InferenceModule {}
