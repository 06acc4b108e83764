import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Logger } from '@nestjs/common';

/** Logs TLS handshakes with `server` that fail, at the level debug, because anyone on the network can cause them. */
export function logFailedHandshakes(server: Server): void {
  const logger = new Logger('TLS');
  server.on('tlsClientError', ({ code, message }: NodeJS.ErrnoException, { remoteAddress }: TLSSocket) =>
    logger.debug(`the handshake with ${remoteAddress ?? 'a client'} failed: ${code ?? message}`),
  );
}
