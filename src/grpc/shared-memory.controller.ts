import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { errors } from '../common/errors';
import { SharedMemory } from '../inference/shared-memory/shared-memory';

const SERVICE = 'GRPCInferenceService';

/** Names a region; without a name, all regions. */
interface RegionRequest {
  readonly name?: string;
}

/** Registers a region. The numbers are 64-bit objects, and absent if they are 0. */
interface RegisterRequest extends RegionRequest {
  readonly key?: string;
  readonly offset?: unknown;
  readonly byte_size?: unknown;
}

/** The system shared memory extension over gRPC, and the CUDA shared memory extension, which Nexus does not support. */
@Controller()
export class GrpcSharedMemoryController {
  constructor(private readonly memory: SharedMemory) {}

  /** Returns the given region, or all regions. */
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

  /** Unregisters the given region, if it exists, or all regions. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryUnregister')
  async systemSharedMemoryUnregister({ name }: RegionRequest) {
    await this.memory.unregister(name || undefined);
    return {};
  }

  /** Returns an empty list. */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryStatus')
  cudaSharedMemoryStatus() {
    return {};
  }

  /** @throws NexusError unimplemented */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryRegister')
  cudaSharedMemoryRegister(): never {
    throw errors.unimplemented('CUDA shared memory', 'send tensors in raw_input_contents');
  }

  /** Does nothing, because no regions can be registered. */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryUnregister')
  cudaSharedMemoryUnregister() {
    return {};
  }
}
