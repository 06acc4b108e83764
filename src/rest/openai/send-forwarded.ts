import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Transfer } from '../../common/pace';
import type { Forwarding } from '../../inference/forwarding/forwarding';
import { errorBody } from '../../transport/http/error-forms';
import { watchReader } from '../../transport/http/slow-reader';

/** A comment, which clients of event streams ignore. */
const HEARTBEAT = ': heartbeat\n\n';

/**
 * Sends the response of an engine as it arrives. A client that reads slowly slows the engine down, and one that leaves ends the
 * request there. Bypasses Fastify's `send`, as all inference routes do. Resolves when the exchange has ended.
 */
export function sendForwarded(reply: FastifyReply, forwarding: Forwarding): Promise<void> {
  const { answer, isEvents } = forwarding;
  for (const [name, value] of Object.entries(answer.headers)) reply.header(name, value);
  reply.header('content-type', answer.contentType);
  if (isEvents) reply.header('cache-control', 'no-cache');
  else if (answer.length !== undefined) reply.header('content-length', answer.length);
  const { raw } = reply.hijack();
  return new Promise((resolve) => {
    const relay = new Relay(reply, raw, forwarding, resolve);
    // The client has disconnected, so each write would emit an error event.
    if (raw.destroyed) return relay.abandon();
    raw.writeHead(answer.status, reply.getHeaders() as OutgoingHttpHeaders);
    relay.start();
  });
}

class Relay {
  private readonly transfer: Transfer;
  private heartbeat: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(
    private readonly reply: FastifyReply,
    private readonly raw: ServerResponse,
    private readonly forwarding: Forwarding,
    private readonly resolve: () => void,
  ) {
    // The engine may think for longer than a client may take to read.
    this.transfer = watchReader(reply, () => raw.writableLength === 0);
  }

  start(): void {
    const { raw, forwarding } = this;
    const { body } = forwarding.answer;
    const { heartbeatMs } = forwarding;
    raw.on('close', () => this.abandon());
    raw.on('drain', () => body.resume());
    if (body.errored !== null) return this.breakOff(body.errored);
    if (forwarding.isEvents) {
      raw.flushHeaders();
      if (heartbeatMs !== undefined) this.heartbeat = setTimeout(() => this.beat(), heartbeatMs).unref();
    }
    body.on('data', (chunk: Buffer) => this.pass(chunk));
    body.on('end', () => this.complete());
    body.on('error', (error) => this.breakOff(error));
  }

  /** The client has left, or never was there. */
  abandon(): void {
    if (!this.end()) return;
    this.forwarding.answer.body.destroy();
    this.reply.request.inference = this.forwarding.abandon();
  }

  private pass(chunk: Buffer): void {
    if (this.isOver) return;
    this.forwarding.passed(chunk);
    this.transfer.moved += chunk.length;
    this.heartbeat?.refresh();
    if (!this.raw.write(chunk)) this.forwarding.answer.body.pause();
  }

  private beat(): void {
    this.heartbeat?.refresh();
    // One that waits for the client to read would pile up.
    if (this.forwarding.isBetweenEvents && this.raw.writableLength === 0) this.raw.write(HEARTBEAT);
  }

  private complete(): void {
    if (!this.end()) return;
    this.reply.request.inference = this.forwarding.complete();
    this.raw.end();
  }

  private breakOff(error: Error): void {
    const { request } = this.reply;
    // The fleet ends the requests of clients that have left, and may see it first.
    if (request.raw.socket.destroyed) return this.abandon();
    if (!this.end()) return;
    const isBetweenEvents = this.forwarding.isBetweenEvents;
    const { failure, summary } = this.forwarding.breakOff(error);
    request.inference = summary;
    request.failure = failure;
    // Clients of OpenAI throw the member `error` of an event.
    if (isBetweenEvents) this.raw.end(`data: ${JSON.stringify(errorBody(failure, request.url))}\n\n`);
    // Half a response must not look like a whole one.
    else this.raw.destroy();
  }

  /** Returns false if the exchange has ended before. */
  private end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clearTimeout(this.heartbeat);
    this.resolve();
    return true;
  }
}
