import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config';
import { CONSOLE_FILES, OPEN } from '../identity/access';
import { AdminPort } from '../transport/http/admin-port';
import { FILE_POLICY, pageHeaders } from '../transport/http/page-headers';
import { Requires } from '../transport/http/requires';
import { Page, type PageFile } from './page';
import { V1Live } from './v1-live.dto';

/** The page loads resources only from this server. Pictures are also made in the page. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The path `/`: the console for browsers, and the liveness check of KServe's V1 protocol for all other clients. */
@ApiTags('Health')
@Controller()
export class HomeController {
  private readonly headers: Readonly<Record<string, string>>;

  constructor(
    private readonly page: Page,
    private readonly adminPort: AdminPort,
    { tlsCert }: Config,
  ) {
    this.headers = pageHeaders(tlsCert !== '');
  }

  /** Returns 200 while the process responds. Browsers get the console. */
  @Get()
  @Requires(OPEN)
  @ApiOperation({ summary: 'Check liveness (KServe V1)' })
  @ApiOkResponse({ type: V1Live })
  v1HealthLive(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    reply.header('vary', 'accept');
    const { start } = this.page;
    const wantsPage = String(request.headers.accept).includes('text/html');
    if (!wantsPage || start === undefined || !this.adminPort.admits(request)) {
      void reply.send({ status: 'alive' } satisfies V1Live);
      return;
    }
    reply.header('content-security-policy', PAGE_POLICY).header('cache-control', 'no-cache');
    this.send(start, reply);
  }

  /** A file of the console. Its name has a hash of its contents. */
  @Get('console/:file')
  @Requires(CONSOLE_FILES)
  @ApiExcludeEndpoint()
  consoleFile(@Param('file') name: string, @Res() reply: FastifyReply): void {
    const file = this.page.file(name);
    if (file === undefined) throw new NotFoundException();
    reply.header('content-security-policy', FILE_POLICY);
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    this.send(file, reply);
  }

  private send({ type, bytes, gzipped }: PageFile, reply: FastifyReply): void {
    reply.headers(this.headers).type(type).header('vary', 'accept, accept-encoding');
    const compresses = String(reply.request.headers['accept-encoding']).includes('gzip');
    if (compresses) reply.header('content-encoding', 'gzip');
    void reply.send(compresses ? gzipped : bytes);
  }
}
