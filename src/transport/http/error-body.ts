import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from '../error-status';
import { errorBody, errorFormAt } from './error-forms';
import { setLoadHeader } from './load-header';
import { setLimitHeaders } from './set-limit-headers';
import type { NexusError } from '../../common/nexus-error';

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was rejected or failed, for its log line. */
    failure: NexusError | undefined;
  }
}

/** Sends `error` with its status, body and, if it has them, Retry-After and Allow headers. Stores it for the log line. */
export function sendError(error: NexusError, request: FastifyRequest, reply: FastifyReply): void {
  const { retryAfterSeconds, allow } = error.details;
  request.failure = error;
  if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
  setLoadHeader(reply);
  if (allow !== undefined) reply.header('allow', allow);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  // Otherwise the rest of the body would be parsed as the next request.
  if (error.kind === 'too_slow') reply.header('connection', 'close');
  const { answer } = error.details;
  if (answer !== undefined && errorFormAt(request.url) === 'ErrorAnswer')
    return void reply.code(answer.status).send({ error: answer.error });
  // Fastify adds a charset to objects, and KServe's client reads the text only of a media type without parameters.
  const body = Buffer.from(JSON.stringify(errorBody(error, request.url)));
  reply.code(HTTP_STATUS[error.kind]).header('content-type', 'application/json').send(body);
}
