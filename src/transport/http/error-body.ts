import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from '../error-status';
import { setLimitHeaders } from './set-limit-headers';
import type { NexusError } from '../../common/nexus-error';

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was rejected or failed, for its log line. */
    failure: NexusError | undefined;
  }
}

/** The body of an error response: a string, as in the Open Inference Protocol, on /v2, and an object elsewhere. */
export type ErrorBody =
  | { readonly error: string }
  | {
      readonly error: {
        readonly message: string;
        readonly type: string;
        readonly param: string | null;
        readonly code: string;
      };
    };

/** The response body of `error` for a request to `url`. */
export function errorBody(error: NexusError, url: string): ErrorBody {
  const { message, kind, code, details } = error;
  if (/^\/v2(?=[/?]|$)/.test(url)) return { error: message };
  return { error: { message, type: kind, param: details.param ?? null, code } };
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
  reply.code(HTTP_STATUS[error.kind]).send(errorBody(error, request.url));
}
