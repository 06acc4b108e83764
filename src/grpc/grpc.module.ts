import { Module } from '@nestjs/common';
import { MemoryInFlight } from '../common/memory-in-flight';
import { Pace } from '../common/pace';
import { Config } from '../config/config';
import { ADMIN, ADMIN_SERVER, DESCRIBE, INFER, OPEN, READ, READ_SERVER } from '../identity/access';
import { InferenceModule } from '../inference/inference.module';
import { ModelsModule } from '../models/models.module';
import { INFERENCE_PROTO } from '../open-inference/inference-proto';
import { GrpcServer, type ServedPackage } from '../transport/grpc/grpc-server';
import { Decoder } from './codec/decoder';
import { GrpcDetailsController } from './details.controller';
import { GrpcDiscoveryController } from './discovery.controller';
import { GrpcInferController } from './infer.controller';
import { GrpcInferService } from './infer.service';
import { GrpcOperationsController } from './operations.controller';
import { GrpcSharedMemoryController } from './shared-memory.controller';

/** Messages with tensors are passed as raw bytes, which readRequest parses. */
const INFERENCE: ServedPackage = {
  name: 'inference',
  protoPath: INFERENCE_PROTO,
  service: 'GRPCInferenceService',
  rawMethods: ['ModelInfer', 'ModelStreamInfer'],
  access: {
    ServerLive: OPEN,
    ServerReady: OPEN,
    ModelReady: DESCRIBE,
    ServerMetadata: DESCRIBE,
    ModelMetadata: DESCRIBE,
    ModelInfer: INFER,
    ModelStreamInfer: INFER,
    ModelConfig: DESCRIBE,
    ModelStatistics: READ,
    RepositoryIndex: DESCRIBE,
    RepositoryModelLoad: ADMIN,
    RepositoryModelUnload: ADMIN,
    SystemSharedMemoryStatus: READ_SERVER,
    SystemSharedMemoryRegister: ADMIN_SERVER,
    SystemSharedMemoryUnregister: ADMIN_SERVER,
    CudaSharedMemoryStatus: READ_SERVER,
    CudaSharedMemoryRegister: ADMIN_SERVER,
    CudaSharedMemoryUnregister: ADMIN_SERVER,
    // Both read and change the settings.
    TraceSetting: ADMIN_SERVER,
    LogSettings: ADMIN_SERVER,
  },
};

/** The Open Inference Protocol V2 over gRPC, with Triton's extensions. */
@Module({
  imports: [ModelsModule, InferenceModule],
  controllers: [
    GrpcInferController,
    GrpcDiscoveryController,
    GrpcDetailsController,
    GrpcOperationsController,
    GrpcSharedMemoryController,
  ],
  providers: [
    GrpcInferService,
    Decoder,
    {
      provide: GrpcServer,
      inject: [Config, MemoryInFlight, Pace],
      useFactory: (config: Config, memory: MemoryInFlight, pace: Pace) =>
        new GrpcServer(INFERENCE, config, memory, pace),
    },
  ],
})
export class GrpcModule {}
