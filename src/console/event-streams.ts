import type { OutgoingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { errors } from '../common/errors';
import { Drain, SHUTTING_DOWN } from '../health/drain';
import { CONSOLE } from '../identity/access';
import { Authenticator } from '../identity/authenticator';
import type { Caller } from '../identity/caller';
import { identify } from '../transport/http/admit-requests';
import type { ConsoleFrame } from './frame';
import { Sampler } from './sampler';
import { TopClients } from './top-clients';

/** Each stream costs the gateway a little every second. */
const MAX_STREAMS = 100;

/** A client that has this many bytes to read gets no events until it has read some. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Frames that a client may miss before its stream is closed. */
const MAX_MISSED = 30;

/** The streams of the console, as server-sent events. */
@Injectable()
export class EventStreams {
  private readonly streams = new Set<EventStream>();

  constructor(
    private readonly sampler: Sampler,
    private readonly clients: TopClients,
    private readonly authenticator: Authenticator,
    private readonly drain: Drain,
  ) {
    drain.onBegin(() => this.endAll());
  }

  /** Sends frames until the client leaves. @throws NexusError overloaded, not_ready. */
  open(reply: FastifyReply): void {
    if (this.drain.active) throw errors.notReady(SHUTTING_DOWN);
    if (this.streams.size >= MAX_STREAMS) throw errors.tooManyStreams(MAX_STREAMS);
    const stream = new EventStream(reply, this.clients, this.authenticator);
    // It left while its key was checked, and tells nobody again.
    if (reply.raw.destroyed) return;
    const stop = this.sampler.listen((frame) => stream.offer(frame));
    this.streams.add(stream);
    reply.raw.on('close', () => {
      stop();
      this.streams.delete(stream);
    });
  }

  /** A stream that stays open would keep the server from ending. */
  private endAll(): void {
    for (const stream of this.streams) stream.end();
  }
}

/** The stream of one client. */
class EventStream {
  private readonly raw: FastifyReply['raw'];
  private caller: Caller;
  private missed = 0;
  /** Whether the client needs a complete snapshot, because it is new or has missed a frame. */
  private needsAll = true;
  private isSending = false;

  constructor(
    private readonly reply: FastifyReply,
    private readonly clients: TopClients,
    private readonly authenticator: Authenticator,
  ) {
    this.caller = reply.request.caller;
    reply.header('content-type', 'text/event-stream; charset=utf-8');
    reply.header('cache-control', 'no-cache');
    // nginx would hold the events back otherwise.
    reply.header('x-accel-buffering', 'no');
    this.raw = reply.hijack().raw;
    if (this.raw.destroyed) return;
    this.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
    this.raw.flushHeaders();
  }

  /** Sends `frame`, unless the client has not read enough of the frames before. */
  offer(frame: ConsoleFrame): void {
    if (this.raw.destroyed || this.raw.writableEnded) return;
    if (this.isSending || this.raw.writableLength > MAX_WAITING_BYTES) {
      this.needsAll = true;
      if (++this.missed > MAX_MISSED) this.raw.destroy();
      return;
    }
    this.missed = 0;
    this.isSending = true;
    this.send(frame).then(
      () => (this.isSending = false),
      () => this.raw.destroy(),
    );
  }

  end(): void {
    this.raw.end();
  }

  private async send(frame: ConsoleFrame): Promise<void> {
    // A key may be disabled while its stream is open.
    if (!(await this.isStillAdmitted())) return this.end();
    const usage = await this.clients.seenBy(this.caller);
    if (this.raw.destroyed || this.raw.writableEnded) return;
    const event = this.needsAll ? 'snapshot' : 'changes';
    this.raw.write(`event: ${event}\ndata: ${frame.jsonFor(this.caller, usage, this.needsAll)}\n\n`);
    this.needsAll = false;
  }

  private async isStillAdmitted(): Promise<boolean> {
    if (!this.authenticator.isOn) return true;
    const { caller } = await identify(this.reply.request, this.authenticator);
    this.caller = caller ?? this.caller;
    return caller !== undefined && this.authenticator.permits(CONSOLE, caller);
  }
}
