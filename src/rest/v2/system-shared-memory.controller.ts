import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { jsonObject } from '../../common/json-object';
import { SharedMemory } from '../../inference/shared-memory/shared-memory';
import { ApiRegion } from './v2.docs';
import { SystemSharedMemoryRegion, SystemSharedMemoryRegistration } from './system-shared-memory.dto';

/** What a region is registered with; also the example in the OpenAPI document. */
const REGISTRATION = { key: '/example', offset: 0, byte_size: 64 };

/** The system shared memory extension; NEXUS_SYSTEM_SHARED_MEMORY turns it on. */
@ApiTags('Shared memory')
@Controller('v2/systemsharedmemory')
export class SystemSharedMemoryController {
  constructor(private readonly memory: SharedMemory) {}

  /** Every region that is registered. */
  @Get('status')
  @ApiOperation({ summary: 'List the shared memory regions' })
  @ApiV2Errors('overloaded', 'internal')
  systemSharedMemoryStatus(): SystemSharedMemoryRegion[] {
    return this.memory.status(undefined);
  }

  /** One region. */
  @Get('region/:region/status')
  @ApiOperation({ summary: 'Describe a shared memory region' })
  @ApiRegion()
  @ApiV2Errors('not_found')
  systemSharedMemoryRegionStatus(@Param('region') region: string): SystemSharedMemoryRegion[] {
    return this.memory.status(region);
  }

  /**
   * Registers a part of a file in the folder of NEXUS_SYSTEM_SHARED_MEMORY, for inputs to be read from and outputs to be
   * written to: they name it in their parameters `shared_memory_region`, `shared_memory_byte_size` and
   * `shared_memory_offset`.
   */
  @Post('region/:region/register')
  @HttpCode(200)
  @ApiOperation({ summary: 'Register a shared memory region' })
  @ApiRegion()
  @ApiBody({
    type: SystemSharedMemoryRegistration,
    required: true,
    examples: { example: { summary: 'All of a small file', value: REGISTRATION } },
  })
  @ApiOkResponse({ description: 'The region can be used.' })
  @ApiV2Errors('invalid', 'too_large', 'unimplemented')
  async systemSharedMemoryRegister(
    @Param('region') region: string,
    @Req() { body }: { body?: Uint8Array },
  ): Promise<void> {
    await this.memory.register(region, jsonObject(body, JSON.stringify(REGISTRATION)));
  }

  /** Forgets every region. Requests that use one are answered first. */
  @Post('unregister')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unregister all shared memory regions' })
  @ApiOkResponse({ description: 'There are no regions.' })
  @ApiV2Errors('overloaded', 'internal')
  async systemSharedMemoryUnregister(): Promise<void> {
    await this.memory.unregister(undefined);
  }

  /** Forgets a region, if it is there. Requests that use it are answered first. */
  @Post('region/:region/unregister')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unregister a shared memory region' })
  @ApiRegion()
  @ApiOkResponse({ description: 'There is no such region.' })
  async systemSharedMemoryRegionUnregister(@Param('region') region: string): Promise<void> {
    await this.memory.unregister(region);
  }
}
