import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Whether the server is on its way out: it still serves, and says that it is not ready. */
@Injectable()
export class Drain {
  private begun = false;
  private working = 0;
  private readonly listeners: (() => void)[] = [];

  get active(): boolean {
    return this.begun;
  }

  /** Requests that have come completely, whose clients still wait for the answer. */
  get unanswered(): number {
    return this.working;
  }

  /** Counts the requests of `server` from now on. */
  watch(server: FastifyInstance): void {
    server.addHook('preHandler', (_request, reply, done) => {
      this.working++;
      // Not onResponse, which never comes when the client leaves before its answer.
      reply.raw.on('close', () => this.working--);
      done();
    });
  }

  /** Calls `listener` when the drain begins. */
  onBegin(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** From now on readiness fails. There is no way back. */
  begin(): void {
    this.begun = true;
    for (const listener of this.listeners) listener();
  }
}
