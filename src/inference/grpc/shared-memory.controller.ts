import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { errors } from '../../common/errors';

const SERVICE = 'GRPCInferenceService';

/** The shared memory extensions, which Nexus does not have: there are no regions, and none can be registered. */
@Controller()
export class GrpcSharedMemoryController {
  /** The regions that are registered: none. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryStatus')
  systemSharedMemoryStatus() {
    return {};
  }

  /** @throws NexusError unimplemented */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryRegister')
  systemSharedMemoryRegister(): never {
    throw refusal();
  }

  /** Takes away what there is: nothing. */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryUnregister')
  systemSharedMemoryUnregister() {
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
    throw refusal();
  }

  /** Takes away what there is: nothing. */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryUnregister')
  cudaSharedMemoryUnregister() {
    return {};
  }
}

function refusal() {
  return errors.unimplemented('shared memory', 'send tensors in raw_input_contents');
}
