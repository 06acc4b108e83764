import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors, NexusError } from '../../common/errors';

/** Longest path that is repeated in a message. */
const SHOWN_PATH = 200;

/**
 * The catalogue's error for whatever Nest, Fastify or a feature threw. What is not known to be the client's mistake
 * is internal.
 */
export function toNexusError(thrown: unknown, request: FastifyRequest): NexusError {
  if (thrown instanceof NexusError) return thrown;
  const { code, statusCode, message } = causeOf(thrown);
  if (code === 'ECONNRESET') return errors.cancelled();
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return errors.bodyTooLarge(request.server.initialConfig.bodyLimit ?? 0);
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH')
    return errors.pathUnreadable(shownPath(request.url));
  // No route takes QUERY, which Fastify refuses for its Content-Type before it looks for one.
  if (statusCode === 404 || code === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE') return notTaken(request);
  if (statusCode >= 400 && statusCode < 500) return errors.invalidInput(message);
  return errors.internal();
}

/** No route takes the request: the path is unknown, or it is the method that does not fit. */
function notTaken({ method, url, server }: FastifyRequest): NexusError {
  const allowed = server.knownRoutes.methodsAt(url.split('?', 1)[0]!);
  const path = shownPath(url);
  return allowed.length === 0
    ? errors.routeNotFound(method, path)
    : errors.wrongMethod(method, path, allowed);
}

interface Cause {
  readonly code: string | undefined;
  readonly statusCode: number;
  readonly message: string;
}

/** Nest wraps Fastify's errors into exceptions of its own; the original one says more. */
function causeOf(thrown: unknown): Cause {
  const isWrapped = thrown instanceof HttpException;
  const origin = (isWrapped ? (thrown.cause ?? thrown) : thrown) as Partial<Cause> | null | undefined;
  return {
    code: origin?.code,
    statusCode: (isWrapped ? thrown.getStatus() : origin?.statusCode) ?? 500,
    message: origin?.message ?? '',
  };
}

function shownPath(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.length > SHOWN_PATH ? `${path.slice(0, SHOWN_PATH)}...` : path;
}
