import { once } from 'node:events';
import { createServer } from 'node:net';

/** An address to listen on, and the setting that it comes from. */
export interface ListenAddress {
  readonly setting: string;
  readonly host: string;
}

/** @throws the error of the system if no process can listen on `port` alone. */
export async function requireFree(port: number, host: string): Promise<void> {
  const server = createServer();
  await once(server.listen({ port, host, exclusive: true }), 'listening');
  await once(server.close(), 'close');
}

/**
 * Why a process cannot listen, and how to fix it; undefined for unexpected errors.
 * @param code of the system's error.
 * @param port the setting and its value: `NEXUS_PORT=8000`.
 */
export function listenFault(
  code: string | undefined,
  port: string,
  { setting, host }: ListenAddress,
): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${port}: the port is already in use on ${host}; stop the process that uses it, or set another port`;
    case 'EACCES':
      return `${port}: this user may not listen on the port; set 1024 or higher`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${setting}=${host}: this machine does not have that address; set 127.0.0.1, or 0.0.0.0 for all addresses`;
    case 'ENOTSUP':
      return 'NEXUS_PROCESSES: this system cannot share a port between processes; set 1';
    default:
      return undefined;
  }
}
