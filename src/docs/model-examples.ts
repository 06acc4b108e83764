import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { sendError } from '../transport/http/error-body';
import { errors, NexusError } from '../common/errors';
import type { ModelRegistry } from '../models/registry/model-registry';
import { exampleBody, type Protocol } from './models/example-values';

/** Serves the example of each model, which may be too long for the document, at `/docs/examples/<model>/<protocol>.json`. */
export function serveExamples(server: FastifyInstance, registry: ModelRegistry): void {
  for (const protocol of ['predict', 'infer'] as const) {
    server.get<{ Params: { model: string } }>(`/docs/examples/:model/${protocol}.json`, (request, reply) => {
      try {
        const body = exampleOf(request.params.model, protocol, registry);
        reply.type('application/json; charset=utf-8').send(Readable.from(body));
      } catch (error) {
        if (!(error instanceof NexusError)) throw error;
        sendError(error, request, reply);
      }
    });
  }
}

/** @throws NexusError of an unknown model, one that is not ready, or one that has no example. */
function exampleOf(model: string, protocol: Protocol, registry: ModelRegistry): Iterable<string> {
  const version = registry.find(model);
  const body = version.isDescribed ? exampleBody(version, protocol) : undefined;
  if (body === undefined) throw errors.exampleNotFound(model);
  return body;
}
