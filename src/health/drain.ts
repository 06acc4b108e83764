import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendError } from '../transport/http/error-body';
import { errors } from '../common/errors';

/** Why a draining server is not ready. */
export const SHUTTING_DOWN = 'the server is shutting down';

/** The drain of a shutdown. A draining server still serves, reports not ready, and closes connections after responses. */
@Injectable()
export class Drain {
  private begun = false;
  /** Replies to requests whose body is still arriving. */
  private readonly uploading = new Set<FastifyReply>();
  /** Replies to requests that have arrived completely. */
  private readonly working = new Set<FastifyReply>();
  private readonly listeners: (() => void)[] = [];

  /** Whether the drain has begun. */
  get active(): boolean {
    return this.begun;
  }

  /** Number of requests that have arrived completely and whose response has not been fully read. */
  get unanswered(): number {
    return this.working.size;
  }

  /** Whether any response is still being produced, rather than read by its client. */
  get isWorking(): boolean {
    return [...this.working].some(({ raw }) => !raw.writableEnded);
  }

  /** Total bytes read and written on the connections of requests in flight. */
  get movedBytes(): number {
    const sockets = [...this.uploading, ...this.working].map(({ request }) => request.raw.socket);
    return sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** Starts to track the requests of `server`. */
  watch(server: FastifyInstance): void {
    server.addHook('onRequest', (_request, reply, done) => {
      if (this.begun) closeAfter(reply);
      this.uploading.add(reply);
      done();
    });
    server.endListeners.push((_request, reply) => {
      this.uploading.delete(reply);
      this.working.delete(reply);
    });
    server.addHook('preHandler', (_request, reply, done) => {
      // It may have been answered and closed while its body was arriving.
      if (this.uploading.delete(reply)) this.working.add(reply);
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
    for (const replies of [this.uploading, this.working]) replies.forEach(closeAfter);
    for (const listener of this.listeners) listener();
  }

  /** Rejects the requests whose body is still arriving. */
  refuseUploads(): void {
    for (const reply of this.uploading) {
      this.uploading.delete(reply);
      if (!reply.sent) sendError(errors.notReady(SHUTTING_DOWN), reply.request, reply);
    }
  }
}

function closeAfter(reply: FastifyReply): void {
  if (!reply.raw.headersSent) reply.header('connection', 'close');
}
