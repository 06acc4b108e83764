import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { DESCRIPTION, VERSION } from '../common/version';
import { errorResponses, errorResponseRef } from './models/refusals';

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
    .addTag('Operations', 'Metrics, and settings of logs and traces.')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (_controller, method) => method,
  });
  for (const operation of operationsOf(document)) {
    describeResponses(operation);
    shareErrors(operation);
  }
  const { schemas = {}, ...components } = document.components ?? {};
  return {
    ...document,
    security: [],
    paths: sorted(withVerbs(document.paths)),
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

function operationsOf({ paths }: OpenAPIObject): OperationObject[] {
  return Object.values(paths).flatMap((path) =>
    [path.get, path.post, path.put, path.delete].filter((operation) => operation !== undefined),
  );
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
    if (form === 'ErrorAnswer' || form === 'V2Error') responses[status] = errorResponseRef(form, status);
  }
}

function sorted<T>(entries: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
