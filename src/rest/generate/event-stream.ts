import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import { watchReader } from '../../transport/http/slow-reader';
import type { EncodedResponse } from '../codec/messages';

/**
 * Answers with a stream of server-sent events, which is one event with `response` as its data. Not compressed: some
 * readers of events cannot undo it.
 *
 * Models answer once, so that also a stream fails, if it does, before it begins: with the status and the JSON of any
 * other error. Triton then sends an event with the key `error`, but its clients look at the status first, and many
 * readers of events give up on one that is not 200.
 *
 * @throws NexusError memory_busy, with nothing sent.
 */
export function sendEvent(reply: FastifyReply, { json }: EncodedResponse): void {
  reply.request.memory?.hold(Buffer.byteLength(json));
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  reply.header('cache-control', 'no-cache');
  const { raw } = reply.hijack();
  // The client has left: each write would be an error event.
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  // Not corked, or Node 24 leaves out where the chunks begin.
  raw.write('data: ');
  raw.write(json);
  raw.end('\n\n');
  watchReader(reply);
}
