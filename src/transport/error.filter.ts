import type { Metadata } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { sendError } from './http/error-body';
import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import { grpcStatusOf } from './grpc/grpc-status';
import { REQUEST_ID_HEADER } from './request-id';
import { toNexusError } from './http/to-nexus-error';

/**
 * Converts everything thrown while a request is handled to a response. The kind of the error decides the status, the
 * protocol and path decide the format. An unexpected error is logged, and its text is not sent.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(thrown: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() === 'rpc') return throwError(() => this.callStatus(thrown, host));
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    if (isHealthReport(thrown)) {
      request.failure = errors.notReady(
        `${failedChecks(thrown).join(', ')}; the response contains the reasons`,
      );
      reply.code(thrown.getStatus()).send(thrown.getResponse());
      return;
    }
    const error = toNexusError(thrown, request);
    const { id: requestId, method, url } = request;
    // Without the query string, which may contain what belongs in no log.
    const [path] = url.split('?', 1);
    if (error.kind === 'internal') this.report(thrown, { requestId, method, path });
    sendError(error, request, reply);
  }

  private callStatus(thrown: unknown, host: ArgumentsHost) {
    if (thrown instanceof NexusError) return grpcStatusOf(thrown);
    const [requestId] = host.switchToRpc().getContext<Metadata>().get(REQUEST_ID_HEADER);
    this.report(thrown, { requestId });
    return grpcStatusOf(errors.internal());
  }

  private report(thrown: unknown, request: object): void {
    const err =
      thrown instanceof Error
        ? thrown
        : new Error(`a value that is not an Error was thrown: ${String(thrown)}`);
    this.logger.error({ ...request, err });
  }
}

/** Whether `thrown` is a health report. Terminus throws the report of a failed check, which is sent unchanged. */
function isHealthReport(thrown: unknown): thrown is HttpException {
  if (!(thrown instanceof HttpException)) return false;
  const response = thrown.getResponse();
  return typeof response === 'object' && 'status' in response && 'details' in response;
}

/** The names of the failed checks in a health report. */
function failedChecks(report: HttpException): string[] {
  const { error = {} } = report.getResponse() as { readonly error?: object };
  return Object.keys(error);
}
