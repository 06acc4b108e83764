import { MEANING } from '../../common/api-errors';
import { HTTP_STATUS } from '../../common/errors';

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
  readonly error: 'ErrorAnswer' | 'V2Error';
  /** Bodies that the model takes, each with its summary. */
  readonly examples:
    Readonly<Record<string, { readonly summary: string; readonly value: object }>> | undefined;
  /** An answer, to show its form. */
  readonly answer: object | undefined;
  /** As ReDoc shows them. */
  readonly codeSamples: readonly object[] | undefined;
}

const TIMEOUT = {
  name: 'x-request-timeout',
  in: 'header',
  required: false,
  description:
    'Milliseconds after which the answer is of no use: refused at once where that is too soon, and dropped when it has not begun by then.',
  schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
};

const KINDS = (Object.keys(MEANING) as (keyof typeof MEANING)[]).filter((kind) => kind !== 'unimplemented');

/** The operation as OpenAPI writes it. */
export function operationObject(operation: Operation): object {
  const { operationId, tag, summary, description, error, codeSamples } = operation;
  const { request, examples, response, answer } = operation;
  const refusals = KINDS.map((kind) => [
    String(HTTP_STATUS[kind]),
    { $ref: `#/components/responses/${error}${HTTP_STATUS[kind]}` },
  ]);
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
        content: json(response, { example: answer }),
      },
      ...Object.fromEntries(refusals),
    },
    'x-codeSamples': codeSamples,
  };
}

/** The components that the refusals of {@link operationObject} refer to. */
export function refusalComponents(...errors: readonly string[]): Record<string, object> {
  return Object.fromEntries(
    errors.flatMap((error) =>
      KINDS.map((kind) => [
        `${error}${HTTP_STATUS[kind]}`,
        { description: MEANING[kind], content: json(error) },
      ]),
    ),
  );
}

function json(schema: string, shown: object = {}) {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, ...shown } };
}
