import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { errors } from '../../common/errors';

const paths = (what: string) => [what, `region/:region/${what}`];

/**
 * The CUDA shared memory extension, which Nexus does not have. Load testers ask for the regions, and unregister all of
 * them, before and after they work: there are none.
 */
@ApiExcludeController()
@Controller('v2/cudasharedmemory')
export class CudaSharedMemoryController {
  /** The regions that are registered: none. */
  @Get(paths('status'))
  cudaSharedMemoryStatus(): readonly never[] {
    return [];
  }

  /** @throws NexusError unimplemented */
  @Post(paths('register'))
  cudaSharedMemoryRegister(): never {
    throw errors.unimplemented('CUDA shared memory', 'send tensors as data or as binary data');
  }

  /** Takes away what there is: nothing. */
  @Post(paths('unregister'))
  @HttpCode(200)
  cudaSharedMemoryUnregister(): void {}
}
