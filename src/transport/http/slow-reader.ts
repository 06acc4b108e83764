import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace, Transfer } from '../../common/pace';

declare module 'fastify' {
  interface FastifyInstance {
    /** Enforces the minimum transfer rate of clients. */
    pace: Pace;
  }
}

/** Smaller responses fit into the kernel's socket buffer. */
const LARGE_BYTES = 64 * 1024;

const logger = new Logger('Transfers');

/**
 * Charges large responses that Fastify sends, such as the OpenAPI document, and disconnects clients that do not read
 * them. Routes that write to the raw response do this themselves.
 */
export function watchReaders(server: FastifyInstance, memory: MemoryInFlight, pace: Pace): void {
  server.decorate('pace', pace);
  server.addHook('onSend', (request, reply, payload, done) => {
    if ((typeof payload !== 'string' && !Buffer.isBuffer(payload)) || payload.length < LARGE_BYTES)
      return done();
    try {
      (request.memory ??= memory.open('http')).hold(payload.length);
      watchReader(reply);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Disconnects the client if it does not read its response in time.
 * @param isHeld whether the client has read everything so far; such time does not count.
 * @returns the transfer in which to count the bytes that the client has read; bytes that are not counted must be sent
 *   within one window.
 */
export function watchReader({ raw, request, server }: FastifyReply, isHeld?: () => boolean): Transfer {
  const transfer = server.pace.watch(() => {
    logger.warn({
      requestId: request.id,
      msg: 'the client did not read its response in time; connection closed',
    });
    raw.destroy();
  }, isHeld);
  raw.on('close', () => transfer.end());
  return transfer;
}
