import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from '../error-status';
import { errorBody, errorFormAt } from './error-forms';
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
  if (allow !== undefined) reply.header('allow', allow);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  // Otherwise the rest of the body would be parsed as the next request.
  if (error.kind === 'too_slow') reply.header('connection', 'close');
  const { answer } = error.details;
  if (answer !== undefined && errorFormAt(request.url) === 'ErrorAnswer')
    reply.code(answer.status).send({ error: answer.error });
  else reply.code(HTTP_STATUS[error.kind]).send(errorBody(error, request.url));
}
