import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { jsonObject } from '../../common/json-object';
import { SharedMemory } from '../../inference/shared-memory/shared-memory';
import { ApiRegion } from './v2.docs';
import { SystemSharedMemoryRegion, SystemSharedMemoryRegistration } from './system-shared-memory.dto';
import { ADMIN_SERVER, READ_SERVER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** An example of a registration, for error messages and the OpenAPI document. */
const REGISTRATION = { key: '/example', offset: 0, byte_size: 64 };

/** The system shared memory extension; NEXUS_SYSTEM_SHARED_MEMORY turns it on. */
@ApiTags('Shared memory')
@Requires(ADMIN_SERVER)
@Controller('v2/systemsharedmemory')
export class SystemSharedMemoryController {
  constructor(private readonly memory: SharedMemory) {}

  /** Lists all registered regions. */
  @Get('status')
  @Requires(READ_SERVER)
  @ApiOperation({ summary: 'List shared memory regions' })
  @ApiV2Errors('overloaded', 'internal')
  systemSharedMemoryStatus(): SystemSharedMemoryRegion[] {
    return this.memory.status(undefined);
  }

  /** Returns one region. */
  @Get('region/:region/status')
  @Requires(READ_SERVER)
  @ApiOperation({ summary: 'Describe a shared memory region' })
  @ApiRegion()
  @ApiV2Errors('not_found')
  systemSharedMemoryRegionStatus(@Param('region') region: string): SystemSharedMemoryRegion[] {
    return this.memory.status(region);
  }

  /**
   * Registers a part of a file in the folder NEXUS_SYSTEM_SHARED_MEMORY as a region. Inputs and outputs refer to the
   * region with the parameters `shared_memory_region`, `shared_memory_byte_size` and `shared_memory_offset`. Nexus reads
   * inputs from it and writes outputs to it.
   */
  @Post('region/:region/register')
  @HttpCode(200)
  @ApiOperation({ summary: 'Register a shared memory region' })
  @ApiRegion()
  @ApiBody({
    type: SystemSharedMemoryRegistration,
    required: true,
    examples: { example: { summary: 'The whole of a small file', value: REGISTRATION } },
  })
  @ApiOkResponse({ description: 'The region is registered.' })
  @ApiV2Errors('invalid', 'too_large', 'unimplemented')
  async systemSharedMemoryRegister(
    @Param('region') region: string,
    @Req() { body }: { body?: Uint8Array },
  ): Promise<void> {
    await this.memory.register(region, jsonObject(body, JSON.stringify(REGISTRATION)));
  }

  /** Unregisters all regions after the requests that use them have finished. */
  @Post('unregister')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unregister all shared memory regions' })
  @ApiOkResponse({ description: 'No region is registered.' })
  @ApiV2Errors('overloaded', 'internal')
  async systemSharedMemoryUnregister(): Promise<void> {
    await this.memory.unregister(undefined);
  }

  /** Unregisters a region, if it is registered, after the requests that use it have finished. */
  @Post('region/:region/unregister')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unregister a shared memory region' })
  @ApiRegion()
  @ApiOkResponse({ description: 'The region is not registered.' })
  async systemSharedMemoryRegionUnregister(@Param('region') region: string): Promise<void> {
    await this.memory.unregister(region);
  }
}
