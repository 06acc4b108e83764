import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { errors } from '../../common/errors';
import { sendError } from '../http/error-body';

/** Routes for probes. Kubernetes sends no certificate with them. */
const PROBES = /^\/(v2\/)?health(\/|$)/;

/** Rejects requests on connections without a verified client certificate, except health checks. */
export function requireCertificate(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { authorized } = request.raw.socket as TLSSocket;
    if (authorized) return done();
    // After a certificate with a wrong signature, OpenSSL fails to read a second request.
    reply.header('connection', 'close');
    if (PROBES.test(request.routeOptions.url ?? '')) return done();
    sendError(errors.certificateRequired(), request, reply);
  });
}
