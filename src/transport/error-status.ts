import type { status } from '@grpc/grpc-js';
import type { ErrorKind } from '../common/error-kind';

/** The HTTP status of each kind of error. */
export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  conflict: 409,
  unprocessable: 422,
  not_found: 404,
  wrong_method: 405,
  too_large: 413,
  too_slow: 408,
  unsupported_encoding: 415,
  rate_limited: 429,
  overloaded: 429,
  unavailable: 503,
  bad_gateway: 502,
  deadline: 504,
  cancelled: 499,
  unimplemented: 501,
  internal: 500,
};

/** The gRPC status of each kind of error. */
export const GRPC_STATUS: Readonly<Record<ErrorKind, keyof typeof status>> = {
  invalid: 'INVALID_ARGUMENT',
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'PERMISSION_DENIED',
  conflict: 'ABORTED',
  unprocessable: 'INVALID_ARGUMENT',
  not_found: 'NOT_FOUND',
  wrong_method: 'UNIMPLEMENTED',
  too_large: 'RESOURCE_EXHAUSTED',
  too_slow: 'DEADLINE_EXCEEDED',
  unsupported_encoding: 'UNIMPLEMENTED',
  rate_limited: 'RESOURCE_EXHAUSTED',
  overloaded: 'RESOURCE_EXHAUSTED',
  unavailable: 'UNAVAILABLE',
  bad_gateway: 'UNAVAILABLE',
  deadline: 'DEADLINE_EXCEEDED',
  cancelled: 'CANCELLED',
  unimplemented: 'UNIMPLEMENTED',
  internal: 'INTERNAL',
};
