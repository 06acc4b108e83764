import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { sendError } from '../transport/http/error-body';
import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import type { ModelRegistry } from '../models/registry/model-registry';
import { exampleBody, type Protocol } from './models/example-values';

/** Serves the example of each model at `/docs/examples/<model>/<protocol>.json`, because it may be too long for the document. */
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

/** @throws NexusError if the model is unknown, not ready, or has no example. */
function exampleOf(model: string, protocol: Protocol, registry: ModelRegistry): Iterable<string> {
  const version = registry.find(model);
  const body =
    version.isDescribed && version.forwarder === undefined ? exampleBody(version, protocol) : undefined;
  if (body === undefined) throw errors.exampleNotFound(model);
  return body;
}
