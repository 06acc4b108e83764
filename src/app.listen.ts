import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Connections } from './app.connections';
import type { Config } from './config/config';
import { ConfigError } from './config/config-error';
import { GrpcServer } from './transport/grpc/grpc-server';
import { logFailedHandshakes } from './transport/tls/handshake-log';
import { Metrics } from './observability/metrics/metrics';

/**
 * Starts to listen for HTTP and gRPC.
 * @throws {ConfigError} if it cannot listen on an address; the error names the setting to change.
 */
export async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  const { host, port, grpcPort, maxConnections } = config;
  const connections = await Connections.upTo(maxConnections, app.get(Metrics).connections);
  connections.count(app.getHttpServer());
  await orExplain(app.listen(port, host), `NEXUS_PORT=${port}`, host);
  await orExplain(app.startAllMicroservices(), `NEXUS_GRPC_PORT=${grpcPort}`, host);
  const { listeners } = app.get(GrpcServer);
  listeners.forEach((server) => connections.count(server));
  [app.getHttpServer(), ...listeners].forEach(logFailedHandshakes);
}

async function orExplain(listening: Promise<unknown>, setting: string, host: string): Promise<void> {
  try {
    await listening;
  } catch (error) {
    const reason = explain(codeOf(error as NodeJS.ErrnoException), setting, host);
    throw reason === undefined ? error : new ConfigError([reason]);
  }
}

/** gRPC includes the code only in the message. */
function codeOf({ code, message }: NodeJS.ErrnoException): string | undefined {
  return code ?? /\bE[A-Z]+\b/.exec(message)?.[0];
}

function explain(code: string | undefined, setting: string, host: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${setting}: the port is already in use on ${host}; stop the process that uses it, or set another port`;
    case 'EACCES':
      return `${setting}: this user may not listen on the port; set 1024 or higher`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `NEXUS_HOST=${host}: this machine does not have that address; set 127.0.0.1, or 0.0.0.0 for all addresses`;
    default:
      return undefined;
  }
}
