import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { GrpcDetailsController } from './grpc/details.controller';
import { GrpcDiscoveryController } from './grpc/discovery.controller';
import { GrpcServer } from './grpc/grpc-server';
import { GrpcInferController } from './grpc/infer.controller';
import { GrpcInferService } from './grpc/infer.service';
import { GrpcOperationsController } from './grpc/operations.controller';
import { GrpcSharedMemoryController } from './grpc/shared-memory.controller';
import { InferenceService } from './inference.service';
import { Codec } from './rest/codec/codec';
import { InferController } from './rest/infer.controller';
import { PredictController } from './rest/predict/predict.controller';
import { SharedMemoryController } from './rest/shared-memory.controller';
import { V2Controller } from './rest/v2.controller';

/** The data plane: inference, and what the protocols that speak it tell of the models. */
@Module({
  imports: [ModelsModule],
  controllers: [
    InferController,
    PredictController,
    V2Controller,
    SharedMemoryController,
    GrpcInferController,
    GrpcDiscoveryController,
    GrpcDetailsController,
    GrpcOperationsController,
    GrpcSharedMemoryController,
  ],
  providers: [InferenceService, Codec, GrpcInferService, GrpcServer],
})
export class InferenceModule implements OnApplicationShutdown {
  constructor(private readonly codec: Codec) {}

  async onApplicationShutdown(): Promise<void> {
    await this.codec.close();
  }
}
