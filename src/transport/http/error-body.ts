import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from '../error-status';
import type { NexusError } from '../../common/errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request is refused or has failed, for its log line. */
    failure: NexusError | undefined;
  }
}

/** An error as it is sent: the Open Inference Protocol's text on /v2, an object elsewhere. */
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

/** The body for `error` as an answer to a request for `url`. */
export function errorBody(error: NexusError, url: string): ErrorBody {
  const { message, kind, code, details } = error;
  if (/^\/v2(?=[/?]|$)/.test(url)) return { error: message };
  return { error: { message, type: kind, param: details.param ?? null, code } };
}

/** Answers `request` with `error`, and notes it for the log: its status, Retry-After and Allow where it has them, and its body. */
export function sendError(error: NexusError, request: FastifyRequest, reply: FastifyReply): void {
  const { retryAfterSeconds, allow } = error.details;
  request.failure = error;
  if (allow !== undefined) reply.header('allow', allow);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  // The rest of the body would be taken for the next request.
  if (error.kind === 'too_slow') reply.header('connection', 'close');
  reply.code(HTTP_STATUS[error.kind]).send(errorBody(error, request.url));
}
