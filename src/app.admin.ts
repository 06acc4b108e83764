import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpsOptions } from './app.tls';
import { Authenticator } from './identity/authenticator';
import { AdminPort } from './transport/http/admin-port';
import { closeInOrder } from './transport/http/orderly-close';
import type { Certificates } from './transport/tls/certificates';

/**
 * Creates the HTTP server of NEXUS_ADMIN_PORT, which treats connections like the main one. It does not listen yet. Call it
 * after the hooks for unknown routes are added, and before the one that checks credentials.
 * @param options those of the main server.
 */
export function openAdminPort(
  app: NestFastifyApplication,
  options: ServerOptions,
  certificates: Certificates | undefined,
): void {
  const main: Server = app.getHttpServer();
  const listener =
    certificates === undefined ? createServer(options) : createSecureServer(options, certificates);
  listener.keepAliveTimeout = main.keepAliveTimeout;
  listener.requestTimeout = main.requestTimeout;
  listener.setTimeout(main.timeout);
  closeInOrder(listener);
  app.get(AdminPort).open(listener, app.getHttpAdapter().getInstance(), app.get(Authenticator));
}

function createSecureServer(options: ServerOptions, certificates: Certificates): Server {
  const server = createTlsServer({ ...options, ...httpsOptions(certificates) });
  certificates.onChange((context) => server.setSecureContext(context));
  return server;
}

/** The HTTP servers of `app`, the main one first. */
export function httpServersOf(app: NestFastifyApplication): readonly Server[] {
  const { listener } = app.get(AdminPort);
  return [app.getHttpServer(), ...(listener === undefined ? [] : [listener])];
}
