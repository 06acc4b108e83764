import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendError } from '../transport/http/error-body';
import type { Exchanges } from '../transport/http/exchanges';
import { errors } from '../common/errors';

/** Why a draining server is not ready. */
export const SHUTTING_DOWN = 'the server is shutting down';

/** The drain of a shutdown. A draining server still serves, reports not ready, and closes connections after responses. */
@Injectable()
export class Drain {
  private begun = false;
  private exchanges: Exchanges | undefined;
  private readonly listeners: (() => void)[] = [];

  /** Whether the drain has begun. */
  get active(): boolean {
    return this.begun;
  }

  /** Number of requests that have arrived completely and whose response has not been fully read. */
  get unanswered(): number {
    return this.open.filter(({ request }) => request.hasArrived).length;
  }

  /** Whether any response is still being produced, rather than read by its client. */
  get isWorking(): boolean {
    return this.open.some(({ request, raw }) => request.hasArrived && !raw.writableEnded);
  }

  /** Total bytes read and written on the connections of requests in flight. */
  get movedBytes(): number {
    const sockets = this.open.map(({ request }) => request.raw.socket);
    return sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** Starts to track the requests of `server`. */
  watch(server: FastifyInstance): void {
    this.exchanges = server.exchanges;
    server.addHook('onRequest', (_request, reply, done) => {
      if (this.begun) closeAfter(reply);
      done();
    });
  }

  /** Registers `listener`, which is called when the drain begins. */
  onBegin(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Begins the drain: readiness fails, and every response closes its connection. It cannot be undone. */
  begin(): void {
    this.begun = true;
    this.open.forEach(closeAfter);
    for (const listener of this.listeners) listener();
  }

  /** Rejects the requests whose body is still arriving. */
  refuseUploads(): void {
    for (const reply of this.open)
      if (!reply.request.hasArrived && !reply.sent)
        sendError(errors.notReady(SHUTTING_DOWN), reply.request, reply);
  }

  /** The replies of all exchanges that have not ended. */
  private get open(): readonly FastifyReply[] {
    return this.exchanges?.open.all ?? [];
  }
}

function closeAfter(reply: FastifyReply): void {
  if (!reply.raw.headersSent) reply.header('connection', 'close');
}
