import type { Metadata } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { sendError } from './http/error-body';
import { errors, NexusError } from '../common/errors';
import { grpcStatusOf } from './grpc/grpc-status';
import { REQUEST_ID_HEADER } from './request-id';
import { toNexusError } from './http/to-nexus-error';

/**
 * Answers everything that was thrown while a request was handled: the table of the error catalogue gives the status,
 * the protocol and the path its form. An error that nobody made on purpose is logged and answered without its text.
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
      request.failure = errors.notReady(`${failedChecks(thrown).join(', ')}; the answer tells why`);
      reply.code(thrown.getStatus()).send(thrown.getResponse());
      return;
    }
    const error = toNexusError(thrown, request);
    const { id: requestId, method, url } = request;
    if (error.kind === 'internal') this.report(thrown, { requestId, method, url });
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
        : new Error(`something that is no Error was thrown: ${String(thrown)}`);
    this.logger.error({ ...request, err });
  }
}

/** A failed health check is no error: Terminus throws the report, which is the answer as it stands. */
function isHealthReport(thrown: unknown): thrown is HttpException {
  if (!(thrown instanceof HttpException)) return false;
  const response = thrown.getResponse();
  return typeof response === 'object' && 'status' in response && 'details' in response;
}

/** The names of the checks that a health report says are down. */
function failedChecks(report: HttpException): string[] {
  const { error = {} } = report.getResponse() as { readonly error?: object };
  return Object.keys(error);
}
