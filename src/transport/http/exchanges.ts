import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Called when an exchange has ended: the response has been sent, or the client has disconnected. */
type EndListener = (request: FastifyRequest, reply: FastifyReply) => void;

/** What a route declares of itself. For an unknown path, all is undefined. */
type RouteConfig = FastifyContextConfig & { readonly url?: string; readonly method?: string | string[] };

declare module 'fastify' {
  interface FastifyInstance {
    /** Called in this order at the end of every exchange. */
    endListeners: EndListener[];
  }
  interface FastifyRequest {
    /** The `config` of `routeOptions`, which Fastify puts together at each access. */
    route: RouteConfig;
  }
}

/**
 * Calls the `endListeners` of `server` at the end of every exchange. Not `onResponse`, which is not called if the client
 * disconnects before the response. One listener of the response costs less than one for each of them. Its hook must be
 * the first.
 */
export function watchExchanges(server: FastifyInstance): void {
  const listeners: EndListener[] = [];
  server.decorate('endListeners', listeners);
  // Declared in advance, so that setting the property does not change the hidden class of the request.
  server.decorateRequest('route');
  server.addHook('onRequest', (request, reply, done) => {
    request.route = request.routeOptions.config;
    reply.raw.on('close', () => {
      for (const listener of listeners) listener(request, reply);
    });
    done();
  });
}
