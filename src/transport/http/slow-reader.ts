import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace, Transfer } from '../../common/pace';

declare module 'fastify' {
  interface FastifyInstance {
    /** What cuts off clients that are too slow. */
    pace: Pace;
  }
}

/** Smaller answers than this fit into what the kernel keeps of a connection anyway. */
const LARGE_BYTES = 64 * 1024;

const logger = new Logger('Transfers');

/**
 * Charges the large answers of `server` that Fastify sends, such as its OpenAPI document, and cuts off clients that do
 * not read them. Routes that go around Fastify's way of sending do so themselves.
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
 * Cuts off the client when it does not read its answer in time.
 * @returns where to count the bytes that it has read; what is not counted has to go within one window.
 */
export function watchReader({ raw, request, server }: FastifyReply): Transfer {
  const transfer = server.pace.watch(() => {
    logger.warn({ requestId: request.id, msg: 'the client did not read its answer in time and was cut off' });
    raw.destroy();
  });
  raw.on('close', () => transfer.end());
  return transfer;
}
