import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { errors } from '../../common/errors';
import { sendError } from '../http/error-body';

/**
 * Rejects requests on connections without a verified client certificate, except to routes that are open to everyone:
 * Kubernetes sends no certificate with its probes.
 */
export function requireCertificate(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { authorized } = request.raw.socket as TLSSocket;
    if (authorized) return done();
    // After a certificate with a wrong signature, OpenSSL fails to read a second request.
    reply.header('connection', 'close');
    if (request.routeOptions.config.access?.scopes.length === 0) return done();
    sendError(errors.certificateRequired(), request, reply);
  });
}
