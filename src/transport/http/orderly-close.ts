import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A client that has been answered for the last time has this long to read that and to close its side. */
const LINGER_MS = 1000;

/** What is known of a connection: answers that are not out yet, and bytes that had come when the last one was. */
interface Progress {
  answers: number;
  bytesRead: number;
}

/**
 * Has `server` close no connection before its client can have read the answer. Node takes a connection for idle as soon as
 * the last answer has been handed to it; and one that is closed while its client still sends is reset.
 */
export function closeInOrder(server: Server): void {
  const connections = new Map<Socket, Progress>();
  server.on('connection', (socket) => {
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
    response.once('close', () => {
      progress.answers--;
      progress.bytesRead = socket.bytesRead;
    });
  });
  server.closeIdleConnections = () => {
    for (const [socket, { answers, bytesRead }] of connections)
      if (answers === 0 && bytesRead === socket.bytesRead) socket.destroy();
  };
}

/** Closes this side of `socket`, and all of it once the client has closed too, or has had the time. */
function linger(socket: Socket): void {
  // Whatever comes from now on is thrown away: nobody would answer it. A listener has HTTP's parser let go of the socket.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  socket.resume();
  let timer: NodeJS.Timeout | undefined;
  socket.end(() => (timer = setTimeout(() => socket.destroy(), LINGER_MS)));
  socket.once('close', () => clearTimeout(timer));
}
