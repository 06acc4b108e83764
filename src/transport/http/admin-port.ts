import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { NotFoundException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { ADMIN, isForOperators } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';

/** The second HTTP server, of NEXUS_ADMIN_PORT. It serves every route, and alone those for operators. */
export class AdminPort {
  /** undefined if the setting is empty. */
  listener: Server | undefined;
  private readonly sockets = new WeakSet<Socket>();

  /**
   * Makes `listener` serve the routes of `server`, and close with it. On its main listener, routes for operators do not
   * exist. Call it before the hook that checks credentials is added: no credentials are needed to learn that.
   */
  open(listener: Server, server: FastifyInstance, authenticator: Authenticator): void {
    this.listener = listener;
    listener.on(listener instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.sockets.add(socket),
    );
    listener.on('request', (request, response) => server.routing(request, response));
    listener.on('clientError', (error, socket) => server.server.emit('clientError', error, socket));
    server.knownRoutes.hide((route, request) => this.hides(route, request));
    server.addHook('onRequest', (request, _reply, done) => {
      if (request.route.url === undefined || !this.hides({ config: request.route }, request)) return done();
      request.caller = authenticator.stranger(request);
      done(new NotFoundException());
    });
    closeTogether(listener, server);
  }

  /** Whether routes for operators exist for `request`. */
  admits({ raw }: FastifyRequest): boolean {
    return this.listener === undefined || this.sockets.has(raw.socket);
  }

  private hides({ config }: Pick<RouteOptions, 'config'>, request: FastifyRequest): boolean {
    return isForOperators(config?.access ?? ADMIN) && !this.admits(request);
  }
}

/** Both stop to accept connections at the same time, and `server` is closed when both have answered their requests. */
function closeTogether(listener: Server, server: FastifyInstance): void {
  const closed = new Promise<void>((resolve) => listener.once('close', resolve));
  server.addHook('preClose', (done) => {
    listener.close();
    done();
  });
  server.addHook('onClose', () => closed);
}
