import { HTTP_STATUS } from '../../transport/error-status';
import type { CodeSample } from './code-samples';
import { refusalRef, RUN_KINDS, type ErrorForm } from './refusals';

/** A body or an answer, in full or by where it is. */
export type Example = { readonly summary: string } & (
  { readonly value: object } | { readonly externalValue: string }
);

/** One way to run one model. */
export interface Operation {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Names of the schemas of the body and the answer. */
  readonly request: string;
  readonly response: string;
  /** Name of the schema of the refusals. */
  readonly error: ErrorForm;
  /** Bodies that the model takes, each with its summary. */
  readonly examples: Readonly<Record<string, Example>> | undefined;
  /** What the model has answered to the first of them, where that is known. */
  readonly answer: object | undefined;
  /** In place of an answer that is too long to show: its form without the tensors. */
  readonly frame: object | undefined;
  /** As ReDoc shows them. */
  readonly codeSamples: readonly CodeSample[] | undefined;
}

const TIMEOUT = {
  name: 'x-request-timeout',
  in: 'header',
  required: false,
  description:
    'Milliseconds after which the answer is of no use: refused at once where that is too soon, and dropped when it has not begun by then.',
  schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
};

/** The operation as OpenAPI writes it. */
export function operationObject(operation: Operation): object {
  const { operationId, tag, summary, description, error, codeSamples } = operation;
  const { request, examples, response, answer, frame } = operation;
  const statuses = RUN_KINDS.map((kind) => HTTP_STATUS[kind]);
  const refusals = statuses.map((status) => [status, refusalRef(error, status)] as const);
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    parameters: [TIMEOUT],
    requestBody: {
      required: true,
      content: json(request, { examples }),
    },
    responses: {
      200: {
        description: 'The outputs.',
        content: json(
          response,
          answer === undefined ? { examples: frame && framed(frame) } : { example: answer },
        ),
      },
      ...Object.fromEntries(refusals),
    },
    'x-codeSamples': codeSamples,
  };
}

function framed(frame: object): Readonly<Record<string, Example>> {
  return { frame: { summary: 'Without its outputs, which are too long to show', value: frame } };
}

function json(schema: string, shown: object = {}) {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, ...shown } };
}
