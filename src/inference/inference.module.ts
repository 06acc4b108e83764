import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { GrpcDetailsController } from './grpc/details.controller';
import { GrpcDiscoveryController } from './grpc/discovery.controller';
import { GrpcServer } from './grpc/grpc-server';
import { GrpcInferController } from './grpc/infer.controller';
import { GrpcInferService } from './grpc/infer.service';
import { GrpcOperationsController } from './grpc/operations.controller';
import { GrpcUnsupportedController } from './grpc/unsupported.controller';
import { InferenceService } from './inference.service';
import { Codec } from './rest/codec/codec';
import { InferController } from './rest/infer.controller';
import { V2Controller } from './rest/v2.controller';

/** The data plane: inference, and what the protocols that speak it tell of the models. */
@Module({
  imports: [ModelsModule],
  controllers: [
    InferController,
    V2Controller,
    GrpcInferController,
    GrpcDiscoveryController,
    GrpcDetailsController,
    GrpcOperationsController,
    GrpcUnsupportedController,
  ],
  providers: [InferenceService, Codec, GrpcInferService, GrpcServer],
})
export class InferenceModule implements OnApplicationShutdown {
  constructor(private readonly codec: Codec) {}

  async onApplicationShutdown(): Promise<void> {
    await this.codec.close();
  }
}
