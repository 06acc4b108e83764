import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { errors } from '../../common/errors';

const SERVICE = 'GRPCInferenceService';
const RAW = 'send tensors in raw_input_contents';

/** The methods of the extensions that Nexus does not speak: each says what to do instead. */
@Controller()
export class GrpcUnsupportedController {
  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryStatus')
  systemSharedMemoryStatus(): never {
    throw errors.unimplemented('shared memory', RAW);
  }

  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryRegister')
  systemSharedMemoryRegister(): never {
    throw errors.unimplemented('shared memory', RAW);
  }

  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'SystemSharedMemoryUnregister')
  systemSharedMemoryUnregister(): never {
    throw errors.unimplemented('shared memory', RAW);
  }

  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryStatus')
  cudaSharedMemoryStatus(): never {
    throw errors.unimplemented('shared memory of CUDA', RAW);
  }

  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryRegister')
  cudaSharedMemoryRegister(): never {
    throw errors.unimplemented('shared memory of CUDA', RAW);
  }

  /** @throws NexusError of kind `unimplemented` */
  @GrpcMethod(SERVICE, 'CudaSharedMemoryUnregister')
  cudaSharedMemoryUnregister(): never {
    throw errors.unimplemented('shared memory of CUDA', RAW);
  }
}
