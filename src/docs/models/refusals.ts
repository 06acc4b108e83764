import { errorBody } from '../../transport/http/error-body';
import { MEANING } from '../../transport/http/api-errors';
import { HTTP_STATUS } from '../../transport/error-status';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';

/** The kinds of errors that operations document. */
type Kind = keyof typeof MEANING;

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
  unimplemented: errors.sharedMemoryOff(),
  deadline: errors.runTimeout('digits', 30_000),
};

/** The two formats of an error: the name of the schema, and the path prefix that uses it. */
const FORMS = { ErrorAnswer: '/v1', V2Error: '/v2' } as const;

/** The schema name of an error format. */
export type ErrorForm = keyof typeof FORMS;

/** The kinds of errors that running a model can return. */
export const RUN_KINDS = (Object.keys(MEANING) as Kind[]).filter((kind) => kind !== 'unimplemented');

/** The kinds of errors that every operation with a scope can return. */
export const ACCESS_KINDS = ['unauthenticated', 'forbidden'] as const satisfies readonly Kind[];

/** The error format of the operations at `path`. */
export function errorFormAt(path: string): ErrorForm {
  return path.startsWith(FORMS.V2Error) ? 'V2Error' : 'ErrorAnswer';
}

/** A reference to the error response with this format and status. */
export function errorResponseRef(form: ErrorForm, status: number | string): { readonly $ref: string } {
  return { $ref: `#/components/responses/${form}${status}` };
}

/** The responses that {@link errorResponseRef} refers to: one for each format and status, with an example. */
export function errorResponses(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(FORMS).flatMap(([form, path]) =>
      Object.entries(EXAMPLES).map(([kind, error]) => [
        `${form}${HTTP_STATUS[error.kind]}`,
        {
          description: MEANING[kind as Kind],
          content: {
            'application/json': {
              schema: { $ref: `#/components/schemas/${form}` },
              example: errorBody(error, path),
            },
          },
        },
      ]),
    ),
  );
}
