import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { errors } from '../../common/errors';

const KINDS = ['systemsharedmemory', 'cudasharedmemory'];
const paths = (what: string) =>
  KINDS.flatMap((kind) => [`${kind}/${what}`, `${kind}/region/:region/${what}`]);

/**
 * The shared memory extensions, which Nexus does not have. Load testers ask for the regions, and unregister all of them,
 * before and after they work: there are none.
 */
@ApiExcludeController()
@Controller('v2')
export class SharedMemoryController {
  /** The regions that are registered: none. */
  @Get(paths('status'))
  sharedMemoryStatus(): readonly never[] {
    return [];
  }

  /** @throws NexusError unimplemented */
  @Post(paths('register'))
  sharedMemoryRegister(): never {
    throw errors.unimplemented('shared memory', 'send tensors as data or as binary data');
  }

  /** Takes away what there is: nothing. */
  @Post(paths('unregister'))
  @HttpCode(200)
  sharedMemoryUnregister(): void {}
}
