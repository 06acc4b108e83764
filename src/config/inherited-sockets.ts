import { ConfigError } from './config-error';

/** First descriptor that systemd passes, see sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3;

const SERVERS = ['http', 'grpc', 'admin'] as const;

/** Descriptors of sockets that listen already, by the server that accepts their connections. */
export type InheritedSockets = Readonly<Partial<Record<(typeof SERVERS)[number], number>>>;

/**
 * The sockets that systemd has passed to the process `pid`: those of socket units, whose FileDescriptorName is the server.
 * @throws {ConfigError} if a socket has another name or the name of an earlier one, or if there are several gateway processes.
 */
export function inheritedSockets(
  processes: number,
  { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' }: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
): InheritedSockets {
  // Child processes inherit the variables, but not the sockets.
  if (Number(LISTEN_PID) !== pid) return {};
  const count = Number(LISTEN_FDS) || 0;
  if (count > 0 && processes > 1)
    throw new ConfigError([
      `NEXUS_PROCESSES=${processes}: expected 1 with sockets of systemd, which one process accepts; set 1, or disable the socket units`,
    ]);
  const names = LISTEN_FDNAMES.split(':');
  const sockets: Partial<Record<string, number>> = {};
  for (let index = 0; index < count; index++) {
    const name = names[index] ?? '';
    if (!(SERVERS as readonly string[]).includes(name) || sockets[name] !== undefined)
      throw new ConfigError([
        `LISTEN_FDNAMES=${LISTEN_FDNAMES}: expected one socket each of ${SERVERS.join(', ')}; set FileDescriptorName in each socket unit, and one ListenStream`,
      ]);
    sockets[name] = FIRST_DESCRIPTOR + index;
  }
  return sockets;
}
