import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { errors } from '../common/errors';
import { SharedMemory } from '../inference/shared-memory/shared-memory';

const SERVICE = 'GRPCInferenceService';

/** A message that names a region; one without a name means all of them. */
interface RegionRequest {
  readonly name?: string;
}

/** A message to register a region. The numbers are objects of 64 bits, and absent when they are 0. */
interface RegisterRequest extends RegionRequest {
  readonly key?: string;
  readonly offset?: unknown;
  readonly byte_size?: unknown;
}

/** The system shared memory extension over gRPC, and the CUDA shared memory extension, which Nexus does not have. */
@Controller()
export class GrpcSharedMemoryController {
  constructor(private readonly memory: SharedMemory) {}

  /** The region asked for, or all there are. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryStatus')
  systemSharedMemoryStatus({ name }: RegionRequest) {
    const regions = this.memory.status(name || undefined);
    return { regions: Object.fromEntries(regions.map((region) => [region.name, region])) };
  }

  /** Registers a part of a file in the folder of NEXUS_SYSTEM_SHARED_MEMORY. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryRegister')
  async systemSharedMemoryRegister({ name = '', key, offset = 0, byte_size = 0 }: RegisterRequest) {
    await this.memory.register(name, { key, offset: Number(offset), byte_size: Number(byte_size) });
    return {};
  }

  /** Forgets the region, if it is there, or all of them. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryUnregister')
  async systemSharedMemoryUnregister({ name }: RegionRequest) {
    await this.memory.unregister(name || undefined);
    return {};
  }

  /** The regions that are registered: none. */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryStatus')
  cudaSharedMemoryStatus() {
    return {};
  }

  /** @throws NexusError unimplemented */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryRegister')
  cudaSharedMemoryRegister(): never {
    throw errors.unimplemented('CUDA shared memory', 'send tensors in raw_input_contents');
  }

  /** Takes away what there is: nothing. */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryUnregister')
  cudaSharedMemoryUnregister() {
    return {};
  }
}
