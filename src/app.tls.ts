import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { Server } from 'node:https';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GrpcServer } from './transport/grpc/grpc-server';
import { Metrics } from './observability/metrics/metrics';
import { registerScraped } from './observability/metrics/scraped';
import type { Certificates } from './transport/tls/certificates';
import { FileCredentials } from './transport/tls/grpc-credentials';
import { requireCertificate } from './transport/tls/require-certificate';

/** Options of the HTTPS server. It accepts every client, because probes have no certificate; {@link secure} rejects requests. */
export function httpsOptions({ context, handshake }: Certificates): TlsOptions {
  return { ...context, ...handshake, rejectUnauthorized: false };
}

/** Serves gRPC with TLS, and makes both servers use `certificates` as they change. Call it before they listen. */
export function secure(app: NestFastifyApplication, certificates: Certificates): void {
  const server: Server = app.getHttpServer() as Server;
  app.get(GrpcServer).credentials = new FileCredentials(certificates);
  certificates.onChange((context: SecureContextOptions) => server.setSecureContext(context));
  if (certificates.requiresClients) requireCertificate(app.getHttpAdapter().getInstance());
  registerScraped(app.get(Metrics).registry, {
    name: 'nexus_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the server expires, in seconds since 1970.',
    type: 'gauge',
    aggregator: 'min',
    read: () => [{ labels: {}, value: certificates.expiresAt / 1000 }],
  });
  certificates.follow();
  server.once('close', () => certificates.stop());
}
