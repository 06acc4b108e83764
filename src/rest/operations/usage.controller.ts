import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { READ } from '../../identity/access';
import { ApiErrors } from '../../transport/http/api-errors';
import { Requires } from '../../transport/http/requires';
import type { UsageRow } from '../../usage/usage';
import { UsageRecords } from '../../usage/usage-records';
import { cursorOf, PAGE_ENTRIES, usageQuery } from './usage-query';
import { UsageEntry, UsageList } from './usage.dto';

const TEXT = { required: false, type: String } as const;

/** What clients have used. */
@ApiTags('Operations')
@Requires(READ)
@Controller('v1/usage')
export class UsageController {
  constructor(private readonly records: UsageRecords) {}

  /**
   * Returns requests, rows and bytes by tenant, key and model, for each hour or day in UTC. A key with the scope `admin` that
   * sees every model sees the usage of all keys; other keys see their own.
   */
  @Get()
  @ApiOperation({ summary: 'Get the usage of each key' })
  // The document lists them from the last to the first.
  @ApiQuery({ ...TEXT, name: 'after', description: '`next` of the page before.' })
  @ApiQuery({ ...TEXT, name: 'model', description: 'Only this model.' })
  @ApiQuery({ ...TEXT, name: 'key', description: 'Only the key with this id.' })
  @ApiQuery({ ...TEXT, name: 'tenant', description: 'Only this tenant.' })
  @ApiQuery({ name: 'by', required: false, enum: ['hour', 'day'], description: 'By default `hour`.' })
  @ApiQuery({
    ...TEXT,
    name: 'to',
    description: 'Date or RFC 3339 time. Counts hours that begin before it. By default now.',
    example: '2026-02-01T00:00:00Z',
  })
  @ApiQuery({
    ...TEXT,
    name: 'from',
    description:
      'Date or RFC 3339 time. The first entry is of the hour or day that it belongs to. By default 24 hours before `to`.',
    example: '2026-01-01',
  })
  @ApiErrors('invalid', 'overloaded', 'internal', 'unavailable')
  async usage(
    @Req() { caller }: FastifyRequest,
    @Query() parameters: Record<string, unknown>,
  ): Promise<UsageList> {
    const rows = await this.records.read(usageQuery(parameters, Date.now() / 1000), caller);
    const page = rows.slice(0, PAGE_ENTRIES);
    const data = page.map(entryOf);
    return rows.length === page.length
      ? { object: 'list', data }
      : { object: 'list', data, next: cursorOf(page.at(-1)!) };
  }
}

function entryOf({ start, ...row }: UsageRow): UsageEntry {
  return { start: new Date(start * 1000).toISOString().replace('.000Z', 'Z'), ...row };
}
