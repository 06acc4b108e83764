import type { ServerHttp2Session } from 'node:http2';
import { Server } from 'node:net';

/** How long a session without calls waits for one before it is closed. */
const NOTICE_MS = 250;

/** The HTTP/2 sessions of the servers that listen for gRPC. */
export class GrpcSessions {
  /** Number of open calls by session. */
  private readonly calls = new Map<ServerHttp2Session, number>();
  private isClosing = false;
  private closedAll = (): void => {};

  /** @param listeners HTTP/2 servers that have no sessions yet. */
  constructor(private readonly listeners: readonly Server[]) {
    for (const listener of listeners)
      listener.on('session', (session: ServerHttp2Session) => this.add(session));
  }

  /**
   * Stops accepting connections, and sends GOAWAY on each session during its next call. A proxy that knows before the response
   * sends no other request on that session; a GOAWAY between two calls could cross a request, which is then lost. Sessions
   * without calls are left to the caller when this resolves.
   */
  async close(): Promise<void> {
    this.isClosing = true;
    // The close() of HTTP/2 servers also ends sessions.
    for (const listener of this.listeners) Server.prototype.close.call(listener);
    for (const [session, calls] of this.calls) if (calls > 0) session.close();
    if (this.calls.size === 0) return;
    await new Promise<void>((resolve) => {
      this.closedAll = resolve;
      setTimeout(resolve, NOTICE_MS);
    });
  }

  private add(session: ServerHttp2Session): void {
    this.calls.set(session, 0);
    session.once('close', () => {
      this.calls.delete(session);
      if (this.calls.size === 0) this.closedAll();
    });
    session.on('stream', (stream) => {
      this.calls.set(session, this.calls.get(session)! + 1);
      stream.once('close', () => {
        const calls = this.calls.get(session);
        if (calls !== undefined) this.calls.set(session, calls - 1);
      });
      if (this.isClosing) session.close();
    });
  }
}
