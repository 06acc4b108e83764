import { errorBody } from '../../transport/http/error-body';
import { MEANING } from '../../transport/http/api-errors';
import { HTTP_STATUS } from '../../transport/error-status';
import { errors, type NexusError } from '../../common/errors';

/** The kinds of errors that operations document. */
type Kind = keyof typeof MEANING;

/** One error of each kind, as it may come. */
const EXAMPLES: Readonly<Record<Kind, NexusError>> = {
  invalid: errors.invalidInput("input 'image': expected shape [-1,8,8], got [1,8,7]", 'inputs.image'),
  not_found: errors.modelNotFound('digit'),
  too_large: errors.bodyTooLarge(2 ** 26),
  unsupported_encoding: errors.unsupportedEncoding('br'),
  overloaded: errors.queueFull('digits', '4096 of 4096 rows queued'),
  internal: errors.internal(),
  unavailable: errors.runnerLost('digits'),
  unimplemented: errors.sharedMemoryOff(),
  deadline: errors.runTimeout('digits', 30_000),
};

/** The two forms of an error: the name of its schema, and where it is answered. */
const FORMS = { ErrorAnswer: '/v1', V2Error: '/v2' } as const;

/** The schema of an error. */
export type ErrorForm = keyof typeof FORMS;

/** The kinds of errors that running a model may come to. */
export const RUN_KINDS = (Object.keys(MEANING) as Kind[]).filter((kind) => kind !== 'unimplemented');

/** Refers to the answer to a request that fails so. */
export function refusalRef(form: ErrorForm, status: number | string): { readonly $ref: string } {
  return { $ref: `#/components/responses/${form}${status}` };
}

/** What {@link refusalRef} refers to: one answer for each form and status, with an example. */
export function refusalComponents(): Record<string, object> {
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
