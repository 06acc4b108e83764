import { ERROR_FORMS, type ErrorForm } from '../../transport/http/error-forms';
import { MEANING, type DocumentedKind as Kind } from '../../transport/http/api-errors';
import { HTTP_STATUS } from '../../transport/error-status';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';

/** An example error of each kind. */
const EXAMPLES: Readonly<Record<Kind, NexusError>> = {
  invalid: errors.invalidInput("input 'image': expected shape [-1,8,8], got [1,8,7]", 'inputs.image'),
  unauthenticated: errors.unauthenticated(),
  forbidden: errors.forbidden(),
  not_found: errors.modelNotFound('digit'),
  too_large: errors.bodyTooLarge(2 ** 26),
  unsupported_encoding: errors.unsupportedEncoding('br'),
  conflict: errors.idempotencyKeyInFlight(),
  unprocessable: errors.idempotencyKeyReused(),
  overloaded: errors.queueFull('digits', '4096 of 4096 rows queued'),
  internal: errors.internal(),
  unavailable: errors.runnerLost('digits'),
  bad_gateway: errors.targetFailed('digits', 'the connection broke'),
  unimplemented: errors.sharedMemoryOff(),
  deadline: errors.runTimeout('digits', 30_000),
};

/** The kinds of errors that running a model can return. */
export const RUN_KINDS = (Object.keys(MEANING) as Kind[]).filter((kind) => kind !== 'unimplemented');

/** The kinds of errors that every operation with a scope can return. */
export const ACCESS_KINDS = ['unauthenticated', 'forbidden'] as const satisfies readonly Kind[];

/** A reference to the error response with this format and status. */
export function errorResponseRef(form: ErrorForm, status: number | string): { readonly $ref: string } {
  return { $ref: `#/components/responses/${form}${status}` };
}

/** The responses that {@link errorResponseRef} refers to: one for each format and status, with an example. */
export function errorResponses(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(ERROR_FORMS).flatMap(([form, { bodyOf }]) =>
      Object.entries(EXAMPLES).map(([kind, error]) => [
        `${form}${HTTP_STATUS[error.kind]}`,
        {
          description: MEANING[kind as Kind],
          content: {
            'application/json': {
              schema: { $ref: `#/components/schemas/${form}` },
              example: bodyOf(error),
            },
          },
        },
      ]),
    ),
  );
}
