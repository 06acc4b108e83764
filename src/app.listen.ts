import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpServersOf } from './app.admin';
import { Connections } from './app.connections';
import { listenFault, requireFree, type ListenAddress } from './common/free-port';
import type { Config } from './config/config';
import type { InheritedSockets } from './config/inherited-sockets';
import { ConfigError } from './config/config-error';
import { isLoopback } from './identity/protection';
import { GrpcServer } from './transport/grpc/grpc-server';
import { AdminPort } from './transport/http/admin-port';
import { logFailedHandshakes } from './transport/tls/handshake-log';
import { Metrics } from './observability/metrics/metrics';

/** How a process listens: alone on its ports, as the first of several that share them, or as a further one. */
type PortSharing = 'alone' | 'first' | 'further';

/**
 * Starts to listen for HTTP and gRPC, on `sockets` where there are any, and on the ports of `config` otherwise.
 * @throws {ConfigError} if it cannot listen on an address, or a socket has another one; the error names the setting to change.
 */
export async function listen(
  app: NestFastifyApplication,
  config: Config,
  sharing: PortSharing = 'alone',
  sockets: InheritedSockets = {},
): Promise<void> {
  const { host, port, grpcPort, adminPort, adminHost, maxConnections } = config;
  const reusePort = sharing !== 'alone';
  // Another process of the same user could share the port, and would then receive some of the connections.
  const free = async (number: number, at: string) => {
    if (sharing === 'first') await requireFree(number, at);
  };
  const shared = (fd: number | undefined) => (fd === undefined ? { reusePort } : { fd });
  const connections = await Connections.upTo(maxConnections, app.get(Metrics).connections);
  const servers = httpServersOf(app);
  servers.forEach((server) => connections.count(server));
  const address = { setting: 'NEXUS_HOST', host };
  const grpc = app.get(GrpcServer);
  grpc.listenOptions = shared(sockets.grpc);
  // Nest's types allow only a number, but it passes options through.
  const options = { port, ...shared(sockets.http) } as unknown as number;
  await orExplain(
    free(port, host).then(() => app.listen(options, host)),
    `NEXUS_PORT=${port}`,
    address,
  );
  if (sockets.http !== undefined) requireAddress(servers[0]!, address);
  await orExplain(
    free(grpcPort, host).then(() => app.startAllMicroservices()),
    `NEXUS_GRPC_PORT=${grpcPort}`,
    address,
  );
  if (sockets.grpc !== undefined) requireAddress(grpc.listeners[0]!, address);
  const { listener } = app.get(AdminPort);
  if (listener !== undefined) {
    const own = adminHost === '' ? address : { setting: 'NEXUS_ADMIN_HOST', host: adminHost };
    const listening = free(Number(adminPort), own.host).then(() =>
      once(
        listener.listen({ port: Number(adminPort), host: own.host, ...shared(sockets.admin) }),
        'listening',
      ),
    );
    await orExplain(listening, `NEXUS_ADMIN_PORT=${adminPort}`, own);
    if (sockets.admin !== undefined) requireAddress(listener, own);
  } else if (sockets.admin !== undefined)
    throw new ConfigError([
      'NEXUS_ADMIN_PORT: expected a port, because systemd has passed a socket for it; set it, or disable the socket unit',
    ]);
  const { listeners } = grpc;
  listeners.forEach((server) => connections.count(server));
  [...servers, ...listeners].forEach(logFailedHandshakes);
}

/** The ports that `app` listens on, for processes that share them. */
export function portsOf(app: NestFastifyApplication): Pick<Config, 'port' | 'grpcPort' | 'adminPort'> {
  const [port, adminPort] = httpServersOf(app).map((server) => (server.address() as AddressInfo).port);
  const { address } = app.get(GrpcServer);
  return {
    port: port!,
    grpcPort: Number(address.slice(address.lastIndexOf(':') + 1)),
    adminPort: adminPort === undefined ? '' : String(adminPort),
  };
}

/**
 * Requires that `server`, whose socket another process has opened, listens on loopback or on the address of the settings,
 * because that address decides whether requests need credentials.
 */
function requireAddress(server: Server, { setting, host }: ListenAddress): void {
  const { address } = server.address() as AddressInfo;
  if (address !== host && !isLoopback(address))
    throw new ConfigError([
      `${setting}=${host}: the socket that systemd has passed listens on ${address}; set ${setting}=${address}, or change ListenStream`,
    ]);
}

async function orExplain(listening: Promise<unknown>, port: string, address: ListenAddress): Promise<void> {
  try {
    await listening;
  } catch (error) {
    const reason = listenFault(codeOf(error as NodeJS.ErrnoException), port, address);
    throw reason === undefined ? error : new ConfigError([reason]);
  }
}

/** gRPC includes the code only in the message. */
function codeOf({ code, message }: NodeJS.ErrnoException): string | undefined {
  return code ?? /\bE[A-Z]+\b/.exec(message)?.[0];
}
