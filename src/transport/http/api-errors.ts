import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { ErrorKind } from '../../common/error-kind';
import { HTTP_STATUS } from '../error-status';
import type { ErrorBody } from './error-forms';
import { ErrorAnswer, V2Error } from './errors.dto';

/** What each kind of error means to a client. */
export const MEANING: Readonly<
  Record<Exclude<ErrorKind, 'rate_limited' | 'cancelled' | 'wrong_method' | 'too_slow'>, string>
> = {
  invalid:
    'The request is invalid. The message states what was expected, what was received and how to fix it.',
  unauthenticated: 'The server requires credentials, and the request has none or invalid ones.',
  forbidden: 'The credentials do not have the scope that this operation requires.',
  not_found:
    'The model, version, alias or shared memory region does not exist, or the credentials do not allow it.',
  too_large: 'The body is larger than NEXUS_BODY_LIMIT or NEXUS_MEMORY_IN_FLIGHT.',
  unsupported_encoding:
    'The Content-Encoding is not gzip, deflate or identity, or the Content-Type is an image, audio, video or multipart type.',
  conflict: 'The first request with this Idempotency-Key is still running.',
  unprocessable: 'The Idempotency-Key was used for a different request.',
  overloaded:
    'The client exceeded its rate limit, a queue is full, other requests use the memory, or the deadline cannot be met. Retry after the time in Retry-After.',
  internal: 'Internal error. Look up the request id in the server log.',
  unavailable:
    'The model is not ready or does not fit into memory, its process ended twice, or the state file or usage cannot be written. The message states the reason.',
  bad_gateway: 'The model runs on another server, which failed, or whose response is not valid.',
  unimplemented: 'NEXUS_SYSTEM_SHARED_MEMORY is not set.',
  deadline: 'The deadline of the request passed, or a run exceeded its time limit.',
};

/** A kind of error that operations document. */
export type DocumentedKind = keyof typeof MEANING;

/** Documents the errors of an operation under /v2, each with its body. */
export function ApiV2Errors(...kinds: readonly DocumentedKind[]): MethodDecorator {
  return documented(kinds, V2Error);
}

/** Documents the errors of an operation in the format of OpenAI, each with its body. */
export function ApiErrors(...kinds: readonly DocumentedKind[]): MethodDecorator {
  return documented(kinds, ErrorAnswer);
}

/** Documents the errors of an operation in the format `form`, that of its path. */
export function ApiErrorsAs(form: new () => ErrorBody, ...kinds: readonly DocumentedKind[]): MethodDecorator {
  return documented(kinds, form);
}

function documented(kinds: readonly DocumentedKind[], type: new () => ErrorBody) {
  return applyDecorators(
    ...kinds.map((kind) => ApiResponse({ status: HTTP_STATUS[kind], description: MEANING[kind], type })),
  );
}
