import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { openSocketsOf } from '../open-sockets';

/** After the last response, how long a client has to read it and to close its side. */
const LINGER_MS = 1000;

/** Progress of a connection: responses not sent yet, and bytes received when the last response was sent. */
interface Progress {
  answers: number;
  bytesRead: number;
}

/**
 * Prevents `server` from closing a connection before the client has had time to read the response. Node considers a
 * connection idle as soon as the last response is passed to the socket, and closing it while the client still sends
 * resets it.
 */
export function closeInOrder(server: Server): void {
  const connections = new Map<Socket, Progress>();
  const isTls = server instanceof TlsServer;
  if (isTls) {
    const sockets = openSocketsOf(server);
    server.closeAllConnections = () => sockets.forEach((socket) => socket.destroy());
  }
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, { answers: 0, bytesRead: -1 });
    socket.once('close', () => connections.delete(socket));
    socket.destroySoon = () => {
      connections.delete(socket);
      linger(socket);
    };
  });
  server.on('request', ({ socket }, response) => {
    const progress = connections.get(socket);
    if (progress === undefined) return;
    progress.answers++;
    response.on('close', () => {
      progress.answers--;
      progress.bytesRead = socket.bytesRead;
    });
  });
  server.closeIdleConnections = () => {
    for (const [socket, { answers, bytesRead }] of connections)
      if (answers === 0 && bytesRead === socket.bytesRead) socket.destroy();
  };
}

/** Closes this side of `socket`, and the socket itself when the client has closed too or the time has passed. */
function linger(socket: Socket): void {
  // Discards everything that arrives now. Adding a listener detaches the HTTP parser from the socket.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  socket.resume();
  let timer: NodeJS.Timeout | undefined;
  socket.end(() => (timer = setTimeout(() => socket.destroy(), LINGER_MS)));
  socket.once('close', () => clearTimeout(timer));
}
