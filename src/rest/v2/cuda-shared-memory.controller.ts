import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { errors } from '../../common/errors';
import { ADMIN_SERVER, READ_SERVER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

const paths = (what: string) => [what, `region/:region/${what}`];

/**
 * The CUDA shared memory extension, which Nexus does not support. Load testers list the regions and unregister all of
 * them before and after a test, so both succeed with no regions.
 */
@ApiExcludeController()
@Requires(ADMIN_SERVER)
@Controller('v2/cudasharedmemory')
export class CudaSharedMemoryController {
  /** Returns the registered regions, which is always an empty list. */
  @Get(paths('status'))
  @Requires(READ_SERVER)
  cudaSharedMemoryStatus(): readonly never[] {
    return [];
  }

  /** @throws NexusError unimplemented */
  @Post(paths('register'))
  cudaSharedMemoryRegister(): never {
    throw errors.unimplemented('CUDA shared memory', 'send tensors as data or as binary data');
  }

  /** Does nothing, because no regions are registered. */
  @Post(paths('unregister'))
  @HttpCode(200)
  cudaSharedMemoryUnregister(): void {}
}
