import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errors, type NexusError } from '../../common/errors';
import { GrowingBytes } from '../../common/growing-bytes';
import { memoryOfBody } from './memory-of-body';
import type { Charge, MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace } from '../../common/pace';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request holds of the memory for all of them; absent when it came without a body. */
    memory: Charge | undefined;
  }
}

type Done = (error: Error | null, body?: Buffer) => void;

/** What bodies may take. */
export interface BodyLimits {
  /** Largest body, in bytes. */
  readonly limit: number;
  readonly memory: MemoryInFlight;
  readonly pace: Pace;
}

/**
 * Has `server` hand over every body as bytes, whatever its Content-Type says: V2 clients send JSON under any name or
 * none. Bodies are charged to the memory for all requests before they are read, or as they grow, until the answer is
 * sent and the handler has ended. Fastify's own parsers copy every body once more when it is complete, which holds the
 * event loop for as long as that takes.
 */
export function acceptAnyBody(server: FastifyInstance, limits: BodyLimits): void {
  server.removeAllContentTypeParsers();
  // Declared beforehand, a request keeps its form when the property is set.
  server.decorateRequest('memory', undefined);
  server.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage, done: Done) =>
    new BodyReader(request, payload, done, limits).start(),
  );
  server.addHook('onRequest', (request, reply, done) => {
    // Fastify would refuse a name that is no media type before it asks for a parser.
    request.headers['content-type'] = undefined;
    reply.raw.on('close', () => request.memory?.close());
    done();
  });
  server.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const { memory } = request;
      if (memory === undefined) return handler.call(this, request, reply);
      memory.begin();
      const handled = handler.call(this, request, reply);
      const end = () => memory.end();
      if (handled instanceof Promise) handled.then(end, end);
      else end();
      return handled;
    };
  });
}

/** Reads one body. */
class BodyReader {
  private readonly body = new GrowingBytes();
  private readonly charge: Charge;
  /** Bytes that were announced; NaN when they were not. */
  private readonly announced: number;
  private isSettled = false;

  constructor(
    private readonly request: FastifyRequest,
    private readonly payload: IncomingMessage,
    private readonly done: Done,
    private readonly limits: BodyLimits,
  ) {
    this.announced = Number(request.headers['content-length']);
    this.charge = limits.memory.open('http');
    request.memory = this.charge;
  }

  /**
   * Calls back with the body, or with a NexusError of kind `too_large`, `overloaded` or `too_slow`, or with the error of
   * the connection.
   */
  start(): void {
    const { payload, announced } = this;
    if (announced > 0 && !this.admits(announced)) return;
    const transfer = this.limits.pace.watch(() => this.settle(errors.tooSlow('the body')));
    payload.on('data', (chunk: Buffer) => {
      transfer.moved += chunk.length;
      this.take(chunk);
    });
    payload.on('end', () => {
      transfer.end();
      this.settle(null);
    });
    payload.on('error', (error) => {
      transfer.end();
      this.settle(error);
    });
  }

  private take(chunk: Buffer): void {
    if (this.isSettled) return;
    const { body, announced } = this;
    // What was announced has been charged.
    if (!(announced > 0) && !this.admits(body.length + chunk.length)) return;
    body.append(chunk, announced);
  }

  private admits(bytes: number): boolean {
    const { limit } = this.limits;
    try {
      if (bytes > limit) throw errors.bodyTooLarge(limit);
      this.charge.check(bytes);
      this.charge.hold(memoryOfBody(bytes, this.request.headers));
      return true;
    } catch (error) {
      this.settle(error as NexusError);
      return false;
    }
  }

  private settle(error: Error | null): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (error === null) this.done(null, this.body.bytes);
    else this.done(error);
  }
}
