import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendError } from '../transport/http/error-body';
import { errors } from '../common/errors';

/** Why a server on its way out is not ready. */
export const SHUTTING_DOWN = 'the server is shutting down';

/** Whether the server is on its way out: it still serves, says that it is not ready, and has clients connect anew. */
@Injectable()
export class Drain {
  private begun = false;
  /** Replies to requests whose body is still coming. */
  private readonly uploading = new Set<FastifyReply>();
  /** Replies to requests that have come completely. */
  private readonly working = new Set<FastifyReply>();
  private readonly listeners: (() => void)[] = [];

  get active(): boolean {
    return this.begun;
  }

  /** Requests that have come completely, whose clients still wait for the answer. */
  get unanswered(): number {
    return this.working.size;
  }

  /** Whether an answer is being made, rather than read by its client. */
  get isWorking(): boolean {
    return [...this.working].some(({ raw }) => !raw.writableEnded);
  }

  /** Bytes that have come and gone over the connections on which a body is still coming, or an answer is being read. */
  get movedBytes(): number {
    const sockets = [...this.uploading, ...this.working].map(({ request }) => request.raw.socket);
    return sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** Knows the requests of `server` from now on. */
  watch(server: FastifyInstance): void {
    server.addHook('onRequest', (_request, reply, done) => {
      if (this.begun) closeAfter(reply);
      this.uploading.add(reply);
      // Not onResponse, which never comes when the client leaves before its answer.
      reply.raw.on('close', () => {
        this.uploading.delete(reply);
        this.working.delete(reply);
      });
      done();
    });
    server.addHook('preHandler', (_request, reply, done) => {
      // It may have been answered, and closed, while its body came.
      if (this.uploading.delete(reply)) this.working.add(reply);
      done();
    });
  }

  /** Calls `listener` when the drain begins. */
  onBegin(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** From now on readiness fails, and every answer closes its connection. There is no way back. */
  begin(): void {
    this.begun = true;
    for (const replies of [this.uploading, this.working]) replies.forEach(closeAfter);
    for (const listener of this.listeners) listener();
  }

  /** Answers the requests whose body is still coming. */
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
