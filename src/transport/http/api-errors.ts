import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { ErrorKind } from '../../common/error-kind';
import { HTTP_STATUS } from '../error-status';
import { ErrorAnswer, V2Error } from './errors.dto';

/** What each kind of error means to a client. */
export const MEANING: Readonly<
  Record<Exclude<ErrorKind, 'rate_limited' | 'cancelled' | 'wrong_method' | 'too_slow'>, string>
> = {
  invalid: 'The request is wrong; the text tells what was expected, what came and how to fix it.',
  not_found: 'There is no such model, version, alias or shared memory region.',
  too_large: 'The body is larger than NEXUS_BODY_LIMIT, or than NEXUS_MEMORY_IN_FLIGHT.',
  unsupported_encoding:
    'The Content-Encoding is not gzip, deflate or identity, or the Content-Type is that of a picture, sound or a form with files.',
  overloaded:
    'Too many requests of this caller, a full queue, no memory beside other requests, or a deadline that cannot be met; Retry-After tells when to try again.',
  internal: 'A fault of the server; its log has it under the request id.',
  unavailable:
    'Not ready, no memory for it, its process was lost twice, or its state cannot be written; the text tells which.',
  unimplemented: 'NEXUS_SYSTEM_SHARED_MEMORY is not set.',
  deadline: 'The deadline of the request, or the time limit of a run, has passed.',
};

/** Documents the errors of an operation under /v2, each with its body. */
export function ApiV2Errors(...kinds: readonly (keyof typeof MEANING)[]): MethodDecorator {
  return documented(kinds, V2Error);
}

/** Documents the errors of an operation that is not under /v2, each with its body. */
export function ApiErrors(...kinds: readonly (keyof typeof MEANING)[]): MethodDecorator {
  return documented(kinds, ErrorAnswer);
}

function documented(kinds: readonly (keyof typeof MEANING)[], type: typeof V2Error | typeof ErrorAnswer) {
  return applyDecorators(
    ...kinds.map((kind) => ApiResponse({ status: HTTP_STATUS[kind], description: MEANING[kind], type })),
  );
}
