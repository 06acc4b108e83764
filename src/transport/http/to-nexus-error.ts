import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';

/** Maximum length of a path in a message, in characters. */
const MAX_PATH_LENGTH = 200;

/**
 * Converts an error of Nest, Fastify or a feature to a NexusError. Errors that are not known to be caused by the client
 * are internal.
 */
export function toNexusError(thrown: unknown, request: FastifyRequest): NexusError {
  if (thrown instanceof NexusError) return thrown;
  const { code, statusCode, message } = causeOf(thrown);
  if (code === 'ECONNRESET') return errors.cancelled();
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return errors.bodyTooLarge(request.server.initialConfig.bodyLimit ?? 0);
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH')
    return errors.pathUnreadable(shownPath(request.url));
  // No route supports QUERY, which Fastify rejects for its Content-Type before it looks for a route.
  if (statusCode === 404 || code === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE') return noRouteFor(request);
  if (statusCode >= 400 && statusCode < 500) return errors.invalidInput(message);
  return errors.internal();
}

/** The error of a request that matches no route: unknown path, or wrong method. */
function noRouteFor(request: FastifyRequest): NexusError {
  const { method, url, server } = request;
  const allowed = server.knownRoutes.methodsFor(request);
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

/** Nest wraps Fastify's errors in its own exceptions; the original error has more details. */
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
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}...` : path;
}
