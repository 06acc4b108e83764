import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONSOLE } from '../identity/access';
import { ApiErrors } from '../transport/http/api-errors';
import { Requires } from '../transport/http/requires';
import { ConsoleSnapshot } from './console.dto';
import { EventStreams } from './event-streams';
import { Sampler } from './sampler';
import { TopClients } from './top-clients';

/** What the console and `nexus top` show. */
@ApiTags('Operations')
@Requires(CONSOLE)
@Controller('v1/console')
export class ConsoleController {
  constructor(
    private readonly sampler: Sampler,
    private readonly clients: TopClients,
    private readonly streams: EventStreams,
  ) {}

  /**
   * Returns the state of the gateway and of the models that the caller sees, with rates and latencies of the last ten
   * seconds. The first request takes a second, in which the rates are measured. `GET /v1/console/events` streams the same
   * as server-sent events: `snapshot`, then every second `changes`.
   */
  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'Get the state of the gateway' })
  @ApiOkResponse({ type: ConsoleSnapshot })
  @ApiErrors('overloaded', 'internal')
  async consoleSnapshot(@Req() { caller }: FastifyRequest): Promise<string> {
    const [frame, usage] = await Promise.all([this.sampler.next(), this.clients.seenBy(caller)]);
    return frame.jsonFor(caller, usage, true);
  }

  /**
   * Streams the state of the gateway as server-sent events. The first event, `snapshot`, is complete. An event `changes`
   * follows every second, with only the models that have changed and only new errors. The stream ends when the server
   * shuts down, or when the credentials of the caller become invalid.
   */
  @Get('events')
  // Clients made from the document, and tools that try each operation, would wait for an end.
  @ApiExcludeEndpoint()
  consoleEvents(@Res() reply: FastifyReply): void {
    this.streams.open(reply);
  }
}
