import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { MemoryInFlight, quarterOfMemory } from '../common/memory-in-flight';
import { Pace } from '../common/pace';
import { Config } from '../config/config';
import { ModelsModule } from '../models/models.module';
import { ResponseCache } from './cache/response-cache';
import { Decoder } from '../grpc/codec/decoder';
import { GrpcDetailsController } from '../grpc/details.controller';
import { GrpcDiscoveryController } from '../grpc/discovery.controller';
import { GrpcServer } from '../transport/grpc/grpc-server';
import { GrpcInferController } from '../grpc/infer.controller';
import { GrpcInferService } from '../grpc/infer.service';
import { GrpcOperationsController } from '../grpc/operations.controller';
import { GrpcSharedMemoryController } from '../grpc/shared-memory.controller';
import { InferenceService } from './inference.service';
import { Codec } from '../rest/codec/codec';
import { ExampleAnswers } from '../rest/predict/example-answers';
import { GenerateController } from '../rest/generate/generate.controller';
import { InferController } from '../rest/v2/infer.controller';
import { CudaSharedMemoryController } from '../rest/v2/cuda-shared-memory.controller';
import { SystemSharedMemoryController } from '../rest/v2/system-shared-memory.controller';
import { PredictController } from '../rest/predict/predict.controller';
import { V2Controller } from '../rest/v2/v2.controller';
import { Shadowing } from './shadow/shadowing';
import { SharedMemory } from './shared-memory/shared-memory';

/** The data plane: inference, and what the protocols that speak it tell of the models. */
@Module({
  imports: [ModelsModule],
  controllers: [
    InferController,
    GenerateController,
    PredictController,
    V2Controller,
    SystemSharedMemoryController,
    CudaSharedMemoryController,
    GrpcInferController,
    GrpcDiscoveryController,
    GrpcDetailsController,
    GrpcOperationsController,
    GrpcSharedMemoryController,
  ],
  providers: [
    InferenceService,
    ResponseCache,
    Shadowing,
    Codec,
    ExampleAnswers,
    SharedMemory,
    GrpcInferService,
    GrpcServer,
    Decoder,
    {
      provide: MemoryInFlight,
      inject: [Config],
      useFactory: ({ memoryInFlight }: Config) => new MemoryInFlight(memoryInFlight || quarterOfMemory()),
    },
    {
      provide: Pace,
      inject: [Config],
      useFactory: ({ transferTimeoutMs }: Config) => new Pace(transferTimeoutMs),
    },
  ],
})
export class InferenceModule implements OnApplicationShutdown {
  constructor(
    private readonly codec: Codec,
    private readonly pace: Pace,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    this.pace.stop();
    await this.codec.close();
  }
}
