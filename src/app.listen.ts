import { once } from 'node:events';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpServersOf } from './app.admin';
import { Connections } from './app.connections';
import type { Config } from './config/config';
import { ConfigError } from './config/config-error';
import { GrpcServer } from './transport/grpc/grpc-server';
import { AdminPort } from './transport/http/admin-port';
import { logFailedHandshakes } from './transport/tls/handshake-log';
import { Metrics } from './observability/metrics/metrics';

/**
 * Starts to listen for HTTP and gRPC.
 * @throws {ConfigError} if it cannot listen on an address; the error names the setting to change.
 */
export async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  const { host, port, grpcPort, adminPort, adminHost, maxConnections } = config;
  const connections = await Connections.upTo(maxConnections, app.get(Metrics).connections);
  const servers = httpServersOf(app);
  servers.forEach((server) => connections.count(server));
  const address = { setting: 'NEXUS_HOST', host };
  await orExplain(app.listen(port, host), `NEXUS_PORT=${port}`, address);
  await orExplain(app.startAllMicroservices(), `NEXUS_GRPC_PORT=${grpcPort}`, address);
  const { listener } = app.get(AdminPort);
  if (listener !== undefined) {
    const own = adminHost === '' ? address : { setting: 'NEXUS_ADMIN_HOST', host: adminHost };
    const listening = once(listener.listen(Number(adminPort), own.host), 'listening');
    await orExplain(listening, `NEXUS_ADMIN_PORT=${adminPort}`, own);
  }
  const { listeners } = app.get(GrpcServer);
  listeners.forEach((server) => connections.count(server));
  [...servers, ...listeners].forEach(logFailedHandshakes);
}

/** An address to listen on, and the setting that it comes from. */
interface Address {
  readonly setting: string;
  readonly host: string;
}

async function orExplain(listening: Promise<unknown>, port: string, address: Address): Promise<void> {
  try {
    await listening;
  } catch (error) {
    const reason = explain(codeOf(error as NodeJS.ErrnoException), port, address);
    throw reason === undefined ? error : new ConfigError([reason]);
  }
}

/** gRPC includes the code only in the message. */
function codeOf({ code, message }: NodeJS.ErrnoException): string | undefined {
  return code ?? /\bE[A-Z]+\b/.exec(message)?.[0];
}

function explain(code: string | undefined, port: string, { setting, host }: Address): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${port}: the port is already in use on ${host}; stop the process that uses it, or set another port`;
    case 'EACCES':
      return `${port}: this user may not listen on the port; set 1024 or higher`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${setting}=${host}: this machine does not have that address; set 127.0.0.1, or 0.0.0.0 for all addresses`;
    default:
      return undefined;
  }
}
