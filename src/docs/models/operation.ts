import { HTTP_STATUS } from '../../transport/error-status';
import { INFER } from '../../identity/access';
import { securityOf } from '../../transport/http/requires';
import { INFERENCE_HEADERS } from '../../transport/http/inference-headers';
import type { CodeSample } from './code-samples';
import type { ErrorForm } from '../../transport/http/error-forms';
import { errorResponseRef, RUN_KINDS } from './refusals';

/** An example body, inline or as an address. */
export type Example = { readonly summary: string } & (
  { readonly value: object } | { readonly externalValue: string }
);

/** One way to run one model. */
export interface Operation {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Names of the schemas of the request and the response. */
  readonly request: string;
  readonly response: string;
  /** Name of the schema of errors. */
  readonly error: ErrorForm;
  /** Whether the body can also be a picture or a form with pictures. */
  readonly takesPictures: boolean;
  /** Example requests by name. */
  readonly examples: Readonly<Record<string, Example>> | undefined;
  /** The response to the first example, if known. */
  readonly answer: object | undefined;
  /** A response without its tensors, if the response is too long to show. */
  readonly frame: object | undefined;
  /** Code samples for ReDoc. */
  readonly codeSamples: readonly CodeSample[] | undefined;
}

/** The OpenAPI object of `operation`. */
export function operationObject(operation: Operation): object {
  const { operationId, tag, summary, description, error, codeSamples } = operation;
  const { request, examples, response, answer, frame } = operation;
  const statuses = RUN_KINDS.map((kind) => HTTP_STATUS[kind]);
  const errors = statuses.map((status) => [status, errorResponseRef(error, status)] as const);
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    parameters: INFERENCE_HEADERS.map((header) => ({ in: 'header', ...header })),
    security: securityOf(INFER),
    requestBody: {
      required: true,
      content: { ...json(request, { examples }), ...(operation.takesPictures ? PICTURES : {}) },
    },
    responses: {
      200: {
        description: 'The outputs.',
        content: json(
          response,
          answer === undefined ? { examples: frame && framed(frame) } : { example: answer },
        ),
      },
      ...Object.fromEntries(errors),
    },
    'x-codeSamples': codeSamples,
  };
}

/** Bodies with pictures. A body that is a picture itself is only described, because generators of clients support few media types. */
const PICTURES = {
  'multipart/form-data': {
    schema: {
      type: 'object',
      properties: {
        image: { type: 'string', format: 'binary', description: 'A picture. Repeat it for several.' },
        top_k: { type: 'integer', minimum: 0, maximum: 1000 },
      },
      required: ['image'],
      additionalProperties: false,
    },
  },
};

function framed(frame: object): Readonly<Record<string, Example>> {
  return { frame: { summary: 'Without the outputs, which are too long to show', value: frame } };
}

function json(schema: string, shown: object = {}) {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, ...shown } };
}
