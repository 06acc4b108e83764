import type { Server, Socket } from 'node:net';

/**
 * The TCP connections of `server` from now on. Closing its connections does not include those whose TLS handshake is not
 * complete, and the server waits for them before it ends.
 */
export function openSocketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
