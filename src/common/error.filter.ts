import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendError } from './error-body';
import { toNexusError } from './to-nexus-error';

/**
 * Answers everything that was thrown while a request was handled: the table of the error catalogue gives the status,
 * the path the form of the body. An error that nobody made on purpose is logged and answered without its text.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    if (isHealthReport(thrown)) {
      reply.code(thrown.getStatus()).send(thrown.getResponse());
      return;
    }
    const request = http.getRequest<FastifyRequest>();
    const error = toNexusError(thrown, request);
    if (error.kind === 'internal') this.report(thrown, request);
    sendError(error, request, reply);
  }

  private report(thrown: unknown, request: FastifyRequest): void {
    const err =
      thrown instanceof Error
        ? thrown
        : new Error(`something that is no Error was thrown: ${String(thrown)}`);
    this.logger.error({ requestId: request.id, method: request.method, url: request.url, err });
  }
}

/** A failed health check is no error: Terminus throws the report, which is the answer as it stands. */
function isHealthReport(thrown: unknown): thrown is HttpException {
  if (!(thrown instanceof HttpException)) return false;
  const response = thrown.getResponse();
  return typeof response === 'object' && 'status' in response && 'details' in response;
}
