import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** All of it has come, its body included. */
    complete: boolean;
  }
}

/** Whether the server is on its way out: it still serves, and says that it is not ready. */
@Injectable()
export class Drain {
  private begun = false;
  private working = 0;

  get active(): boolean {
    return this.begun;
  }

  /** Requests that have come completely and are not answered yet. */
  get unanswered(): number {
    return this.working;
  }

  /** Counts the requests of `server` from now on. */
  watch(server: FastifyInstance): void {
    server.decorateRequest('complete', false);
    server.addHook('preHandler', (request, _reply, done) => {
      request.complete = true;
      this.working++;
      done();
    });
    server.addHook('onResponse', (request, _reply, done) => {
      if (request.complete) this.working--;
      done();
    });
  }

  /** From now on readiness fails. There is no way back. */
  begin(): void {
    this.begun = true;
  }
}
