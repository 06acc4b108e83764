import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { errors } from './errors';

type Done = (error: Error | null, body?: Buffer) => void;

/**
 * A content type parser that hands over the body as bytes, at most `limit` of them. Fastify's own copies every body
 * once more when it is complete, which holds the event loop for as long as that takes.
 *
 * Calls back with a NexusError of kind `too_large`, or with the error of the connection.
 */
export function readBody(limit: number) {
  return ({ headers }: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    const announced = Number(headers['content-length']);
    if (announced > limit) return done(errors.bodyTooLarge(limit));
    const body = new Body();
    payload.on('data', (chunk: Buffer) => {
      if (body.length > limit) return;
      body.append(chunk, announced);
      if (body.length > limit) done(errors.bodyTooLarge(limit));
    });
    payload.on('end', () => body.length <= limit && done(null, body.bytes));
    payload.on('error', done);
  };
}

/** What has come of a body: one piece as it is, several copied together as they come. */
class Body {
  private room: Buffer = Buffer.alloc(0);
  length = 0;

  get bytes(): Buffer {
    return this.room.subarray(0, this.length);
  }

  /** @param announced bytes of the whole body; NaN when it was not said. */
  append(chunk: Buffer, announced: number): void {
    const start = this.length;
    this.length += chunk.length;
    if (start === 0) {
      this.room = chunk;
      return;
    }
    if (this.length > this.room.length) this.grow(announced || 2 * this.length, start);
    chunk.copy(this.room, start);
  }

  private grow(size: number, used: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    this.room.copy(larger, 0, 0, used);
    this.room = larger;
  }
}
