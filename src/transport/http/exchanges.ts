import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Bag } from '../../common/bag';

/** Called when an exchange has ended: the response has been sent, or the client has disconnected. */
type EndListener = (request: FastifyRequest, reply: FastifyReply) => void;

/** The declaration of a route. For an unknown path, all fields are undefined. */
type RouteConfig = FastifyContextConfig & { readonly url?: string; readonly method?: string | string[] };

declare module 'fastify' {
  interface FastifyInstance {
    exchanges: Exchanges;
  }
  interface FastifyRequest {
    /** The `config` of `routeOptions`, which Fastify assembles on each access. */
    route: RouteConfig;
    /** Whether the whole request has arrived. */
    hasArrived: boolean;
  }
  interface FastifyReply {
    /** Index in {@link Exchanges.open}. */
    place: number;
  }
}

/** The exchanges of an HTTP server. */
export class Exchanges {
  /** The replies of all exchanges that have not ended. */
  readonly open = new Bag<FastifyReply>();
  private readonly listeners: EndListener[] = [];

  /** Starts to watch the exchanges of `server`. Its hook must be the first. */
  static watch(server: FastifyInstance): void {
    const exchanges = new Exchanges();
    server.decorate('exchanges', exchanges);
    // Declared in advance, so that setting the properties does not change the hidden class of the request.
    server.decorateRequest('route');
    server.decorateRequest('hasArrived', false);
    server.decorateReply('place', -1);
    server.addHook('onRequest', (request, reply, done) => {
      request.route = request.routeOptions.config;
      exchanges.open.add(reply);
      // Not onResponse, which is not called if the client disconnects before the response.
      reply.raw.on('close', () => exchanges.end(request, reply));
      done();
    });
    server.addHook('preHandler', (request, _reply, done) => {
      request.hasArrived = true;
      done();
    });
  }

  /** Calls `listener` at the end of every exchange, after those that were added earlier. */
  onEnd(listener: EndListener): void {
    this.listeners.push(listener);
  }

  private end(request: FastifyRequest, reply: FastifyReply): void {
    this.open.delete(reply);
    for (const listener of this.listeners) listener(request, reply);
  }
}
