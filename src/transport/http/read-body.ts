import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import { GrowingBytes } from '../../common/growing-bytes';
import { memoryOfBody } from './memory-of-body';
import type { Charge, MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace } from '../../common/pace';

declare module 'fastify' {
  interface FastifyRequest {
    /** The memory charge of the request; absent if it has no body. */
    memory: Charge | undefined;
  }
}

/** The Content-Type that Fastify sees for every request. */
const ANY_MEDIA = 'application/octet-stream';

type Done = (error: Error | null, body?: Buffer) => void;

/** The limits of request bodies. */
export interface BodyLimits {
  /** Largest body, in bytes. */
  readonly limit: number;
  readonly memory: MemoryInFlight;
  readonly pace: Pace;
}

/**
 * Makes `server` pass every body to handlers as bytes, regardless of its Content-Type: V2 clients send JSON with any
 * Content-Type or none. Bodies are charged to the memory of requests in flight before they are read, or as they grow,
 * until the response is sent and the handler has ended. Fastify's own parsers copy every complete body once more, which
 * blocks the event loop.
 */
export function acceptAnyBody(server: FastifyInstance, limits: BodyLimits): void {
  server.removeAllContentTypeParsers();
  // Declared in advance, so that setting the property does not change the hidden class of the request.
  server.decorateRequest('memory', undefined);
  server.addContentTypeParser(ANY_MEDIA, (request: FastifyRequest, payload: IncomingMessage, done: Done) =>
    new BodyReader(request, payload, done, limits).start(),
  );
  server.addHook('onRequest', (request, _reply, done) => {
    // Fastify would reject an invalid media type before it looks for a parser. It caches the parser of this type.
    request.headers['content-type'] = hasBody(request) ? ANY_MEDIA : undefined;
    done();
  });
  server.exchanges.onEnd(({ memory }) => memory?.close());
  server.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const { memory } = request;
      if (memory === undefined) return handler.call(this, request, reply);
      memory.begin();
      const end = () => memory.end();
      let handled: unknown;
      try {
        handled = handler.call(this, request, reply);
      } catch (error) {
        end();
        throw error;
      }
      if (handled instanceof Promise) handled.then(end, end);
      else end();
      return handled;
    };
  });
}

/** Whether a body follows the headers (RFC 9112, section 6). */
function hasBody({ headers }: FastifyRequest): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  return length !== '0' || coding !== undefined;
}

/** Reads one body. */
class BodyReader {
  private readonly body = new GrowingBytes();
  private readonly charge: Charge;
  /** The Content-Length; NaN if absent. */
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
   * Calls `done` with the body, with a NexusError of kind `too_large`, `overloaded` or `too_slow`, or with the error of
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
    // A body with a Content-Length is already charged.
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
