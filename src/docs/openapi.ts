import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { DESCRIPTION, VERSION } from '../common/version';
import { refusalComponents, refusalRef } from './models/refusals';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/**
 * The OpenAPI document of the application, from its decorators. The same code gives the same bytes: operations are
 * called by their method, and paths and schemas are sorted.
 */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Nexus AI Gateway')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addTag('Inference', 'Run a model (Open Inference Protocol V2).')
    .addTag('Predictions', 'Run a model on JSON as a person would write it.')
    .addTag('Models', 'What is served, with its inputs and outputs.')
    .addTag('Roll-outs', 'Which versions of a model are served, and which of them answers.')
    .addTag(
      'Shared memory',
      'Tensors in memory that a client on the same machine shares (NEXUS_SYSTEM_SHARED_MEMORY).',
    )
    .addTag('Health', 'For load balancers, Kubernetes and V2 clients.')
    .addTag('Operations', 'For those who run the gateway.')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (_controller, method) => method,
  });
  for (const operation of operationsOf(document)) {
    nameAnswers(operation);
    shareRefusals(operation);
  }
  const { schemas = {}, ...components } = document.components ?? {};
  return {
    ...document,
    security: [],
    paths: sorted(withVerbs(document.paths)),
    components: {
      ...components,
      responses: refusalComponents(),
      schemas: sorted(schemas),
    } as typeof components,
  };
}

/** The paths, with `{name_predict}` written as `{name}:predict`: routes have no verbs behind a name. */
function withVerbs(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const entries = Object.entries(paths).map(([path, item]) => {
    const owner = /\/(model|version|label)s\/\{name_predict\}$/.exec(path)?.[1];
    return [owner === undefined ? path : path.replace('{name_predict}', `{${owner}}:predict`), item];
  });
  return Object.fromEntries(entries) as OpenAPIObject['paths'];
}

function operationsOf({ paths }: OpenAPIObject): OperationObject[] {
  return Object.values(paths).flatMap((path) =>
    [path.get, path.post, path.put, path.delete].filter((operation) => operation !== undefined),
  );
}

/** An answer must have a description, for which the schema of a plain success leaves nothing to say. */
function nameAnswers({ responses }: OperationObject): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response !== undefined && 'description' in response)
      response.description ||= STATUS_CODES[status] ?? '';
  }
}

/** Refers to the one answer that there is for each status of an error. */
function shareRefusals({ responses }: OperationObject): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response === undefined || !('content' in response)) continue;
    const schema = response.content?.['application/json']?.schema;
    const form = schema !== undefined && '$ref' in schema ? schema.$ref.split('/').at(-1) : undefined;
    if (form === 'ErrorAnswer' || form === 'V2Error') responses[status] = refusalRef(form, status);
  }
}

function sorted<T>(entries: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
