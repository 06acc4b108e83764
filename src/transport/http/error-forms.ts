import type { NexusError } from '../../common/nexus-error';
import type { CohereError, ErrorAnswer, RerankError, TeiError, V2Error } from './errors.dto';

/** The body of an error response in one of {@link ERROR_FORMS}. */
export type ErrorBody = ErrorAnswer | V2Error | CohereError | RerankError | TeiError;

/** How the errors of some paths look. */
interface Form {
  /** The paths. The first form whose pattern matches applies. */
  readonly paths: RegExp;
  bodyOf(error: NexusError): ErrorBody;
}

/** The error_type of Text Embeddings Inference; `Backend` for what is not listed. */
const TEI_TYPE: Partial<Record<NexusError['kind'], string>> = {
  invalid: 'Validation',
  unauthenticated: 'Validation',
  forbidden: 'Validation',
  not_found: 'Validation',
  wrong_method: 'Validation',
  too_large: 'Validation',
  unsupported_encoding: 'Validation',
  conflict: 'Validation',
  unprocessable: 'Validation',
  rate_limited: 'Overloaded',
  overloaded: 'Overloaded',
  unavailable: 'Unhealthy',
};

/** The formats of errors, by the name of their schema. */
export const ERROR_FORMS = {
  CohereError: {
    paths: /^\/v[12]\/embed(?=[/?]|$)|^\/v2\/rerank(?=[/?]|$)/,
    bodyOf: ({ message }) => ({ message }),
  },
  // Clients of Cohere's first version read `message`, and those of Jina `detail`.
  RerankError: {
    paths: /^\/v1\/rerank(?=[/?]|$)/,
    bodyOf: ({ message }) => ({ message, detail: message }),
  },
  TeiError: {
    paths: /^\/(?:embed|embed_all|embed_sparse|rerank|predict|similarity|tokenize|decode|info)(?=[/?]|$)/,
    bodyOf: ({ message, kind, code }) => ({
      error: message,
      error_type: code === 'empty_input' ? 'Empty' : (TEI_TYPE[kind] ?? 'Backend'),
    }),
  },
  V2Error: {
    // Clients of TensorFlow Serving and of KServe's V1 protocol read the same.
    paths: /^\/v2(?=[/?]|$)|^\/v1\/models\/[^?]*(?::|%3[aA])(?:predict|explain|classify|regress)(?=\?|$)/,
    bodyOf: ({ message }) => ({ error: message }),
  },
  // The format of the OpenAI API.
  ErrorAnswer: {
    paths: /^/,
    bodyOf: ({ message, kind, code, details }) => ({
      error: { message, type: kind, param: details.param ?? null, code },
    }),
  },
} as const satisfies Readonly<Record<string, Form>>;

/** The schema name of an error format. */
export type ErrorForm = keyof typeof ERROR_FORMS;

/** The format of the errors of requests to `url`, a path with or without a query. */
export function errorFormAt(url: string): ErrorForm {
  for (const name in ERROR_FORMS)
    if (ERROR_FORMS[name as ErrorForm].paths.test(url)) return name as ErrorForm;
  return 'ErrorAnswer';
}

/** The response body of `error` for a request to `url`. */
export function errorBody(error: NexusError, url: string): ErrorBody {
  return ERROR_FORMS[errorFormAt(url)].bodyOf(error);
}
