import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Connections } from './app.connections';
import type { Config } from './config/config';
import { ConfigError } from './config/config-error';
import { GrpcServer } from './transport/grpc/grpc-server';
import { Metrics } from './observability/metrics/metrics';

/**
 * Starts to listen for HTTP and gRPC.
 * @throws {ConfigError} when an address cannot be had, naming the setting to change.
 */
export async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  const { host, port, grpcPort, maxConnections } = config;
  const connections = await Connections.upTo(maxConnections, app.get(Metrics).connections);
  connections.count(app.getHttpServer());
  await orExplain(app.listen(port, host), `NEXUS_PORT=${port}`, host);
  await orExplain(app.startAllMicroservices(), `NEXUS_GRPC_PORT=${grpcPort}`, host);
  app.get(GrpcServer).listeners.forEach((server) => connections.count(server));
}

async function orExplain(listening: Promise<unknown>, setting: string, host: string): Promise<void> {
  try {
    await listening;
  } catch (error) {
    const reason = explain(codeOf(error as NodeJS.ErrnoException), setting, host);
    throw reason === undefined ? error : new ConfigError([reason]);
  }
}

/** gRPC has the code in its text only. */
function codeOf({ code, message }: NodeJS.ErrnoException): string | undefined {
  return code ?? /\bE[A-Z]+\b/.exec(message)?.[0];
}

function explain(code: string | undefined, setting: string, host: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${setting}: something else listens there on ${host}; stop it, or set another port`;
    case 'EACCES':
      return `${setting}: this user may not listen there; set a port from 1024 up`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `NEXUS_HOST=${host}: this machine does not have that address; set 127.0.0.1, or 0.0.0.0 for all`;
    default:
      return undefined;
  }
}
