import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { DESCRIPTION, VERSION } from '../common/version';
import { HTTP_STATUS } from '../transport/error-status';
import { ERROR_FORMS, errorFormAt, type ErrorForm } from '../transport/http/error-forms';
import { ACCESS_KINDS, errorResponses, errorResponseRef } from './models/refusals';

const KEY_OR_TOKEN = 'An API key, or a token of the OIDC issuer. Not needed where authentication is off.';
const KEY = 'An API key.';
const PASSWORD = 'The password is an API key; the user name is ignored.';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/**
 * Builds the OpenAPI document of the application from its decorators. The same code produces the same bytes: operation
 * ids are method names, and paths and schemas are sorted.
 */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Nexus AI Gateway')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addTag('Inference', 'Run models with the Open Inference Protocol V2.')
    .addTag('Predictions', 'Run models on plain JSON.')
    .addTag('OpenAI', 'Chat, complete and transcribe, with models that engines of the OpenAI API run.')
    .addTag(
      'Embeddings',
      'Turn text into vectors, with clients of OpenAI, Cohere and Text Embeddings Inference.',
    )
    .addTag(
      'Reranking',
      'Sort documents by relevance to a query, with clients of Cohere, Jina, vLLM and Text Embeddings Inference.',
    )
    .addTag('Text', 'Classify and tokenise text, with clients of Text Embeddings Inference.')
    .addTag('Models', 'List, describe, load and unload models.')
    .addTag(
      'Roll-outs',
      'Choose which versions of a model are loaded, and how requests are distributed among them.',
    )
    .addTag(
      'Shared memory',
      'Pass tensors in memory that is shared with clients on the same machine. Requires NEXUS_SYSTEM_SHARED_MEMORY.',
    )
    .addTag('Health', 'Health checks for load balancers, Kubernetes and V2 clients.')
    .addTag('Operations', 'Metrics, the console, and settings of logs and traces.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: KEY_OR_TOKEN }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key', description: KEY }, 'apiKey')
    .addBasicAuth({ type: 'http', scheme: 'basic', description: PASSWORD }, 'basic')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (_controller, method) => method,
  });
  const paths = withVerbs(document.paths);
  for (const [path, operation] of operationsOf(paths)) {
    addAccessErrors(operation, errorFormAt(path));
    describeResponses(operation);
    shareErrors(operation);
  }
  const { schemas = {}, ...components } = document.components ?? {};
  return {
    ...document,
    paths: sorted(paths),
    components: {
      ...components,
      responses: errorResponses(),
      schemas: sorted(schemas),
    } as typeof components,
  };
}

/** Writes `{name_predict}` in paths as `{name}:predict`, which the router cannot express. */
function withVerbs(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const entries = Object.entries(paths).map(([path, item]) => {
    const owner = /\/(model|version|label)s\/\{name_predict\}$/.exec(path)?.[1];
    return [owner === undefined ? path : path.replace('{name_predict}', `{${owner}}:predict`), item];
  });
  return Object.fromEntries(entries) as OpenAPIObject['paths'];
}

function operationsOf(
  paths: OpenAPIObject['paths'],
): (readonly [path: string, operation: OperationObject])[] {
  return Object.entries(paths).flatMap(([path, { get, post, put, delete: remove }]) =>
    [get, post, put, remove]
      .filter((operation) => operation !== undefined)
      .map((operation) => [path, operation] as const),
  );
}

/** Documents the errors of missing and insufficient credentials, unless the operation is open to everyone. */
function addAccessErrors({ responses, security = [] }: OperationObject, form: ErrorForm): void {
  if (security.every((scheme) => Object.keys(scheme).length === 0)) return;
  for (const kind of ACCESS_KINDS) {
    const status = HTTP_STATUS[kind];
    responses[status] = errorResponseRef(form, status);
  }
}

/** Describes responses without a description by their status text, because OpenAPI requires a description. */
function describeResponses({ responses }: OperationObject): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response !== undefined && 'description' in response)
      response.description ||= STATUS_CODES[status] ?? '';
  }
}

/** Replaces the error responses of an operation by references to the shared ones. */
function shareErrors({ responses }: OperationObject): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response === undefined || !('content' in response)) continue;
    const schema = response.content?.['application/json']?.schema;
    const form = schema !== undefined && '$ref' in schema ? schema.$ref.split('/').at(-1) : undefined;
    if (form !== undefined && Object.hasOwn(ERROR_FORMS, form))
      responses[status] = errorResponseRef(form as ErrorForm, status);
  }
}

function sorted<T>(entries: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
