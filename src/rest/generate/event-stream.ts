import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import { watchReader } from '../../transport/http/slow-reader';
import type { EncodedResponse } from '../codec/messages';

/**
 * Sends a stream of server-sent events with one event, whose data is `response`. The stream is not compressed, because
 * some event parsers cannot decompress it.
 *
 * Models return one response, so a stream can only fail before it begins, with the status and JSON of any other error.
 * Triton sends an event with the key `error` instead, but its clients check the status first, and many event parsers
 * reject a status other than 200.
 *
 * @throws NexusError memory_busy, before anything is sent.
 */
export function sendEvent(reply: FastifyReply, { json }: EncodedResponse): void {
  reply.request.memory?.hold(Buffer.byteLength(json));
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  reply.header('cache-control', 'no-cache');
  const { raw } = reply.hijack();
  // The client has disconnected, so each write would emit an error event.
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  // Not corked, because Node 24 would then omit the chunk headers.
  raw.write('data: ');
  raw.write(json);
  raw.end('\n\n');
  watchReader(reply);
}
