import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { CACHE_HEADER } from '../cache/cache-header';
import { codingFor, COMPRESSORS, type Coding, type CompressionPolicy } from './compression';
import type { EncodedResponse } from './codec/messages';
import type { InferenceSummary } from '../../observability/request-log';

/** Up to this many bytes of tensors are sent in one piece with the JSON and the head of the answer. */
const ONE_PIECE = 64 * 1024;

/** Tells what became of an inference: the log, and the client whether the cache had the answer. */
export function tell(reply: FastifyReply, summary: InferenceSummary): void {
  reply.request.inference = summary;
  if (summary.cache !== undefined) reply.header(CACHE_HEADER, summary.cache);
}

/**
 * Answers with `response`. Goes around Fastify's way of sending, which takes a body in one piece only: putting a large
 * one together would hold the event loop, and a small one is sent the fastest as text, one character a byte.
 */
export function sendAnswer(reply: FastifyReply, response: EncodedResponse, policy: CompressionPolicy): void {
  const { json, binary } = response;
  const jsonLength = Buffer.byteLength(json);
  const binaryLength = binary.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (binaryLength === 0) {
    reply.header('content-type', 'application/json; charset=utf-8');
  } else {
    reply.header('content-type', 'application/octet-stream');
    reply.header('inference-header-content-length', jsonLength);
  }
  const size = { bytes: jsonLength + binaryLength, hasBinary: binaryLength > 0 };
  const coding = codingFor(policy, reply.request.headers['accept-encoding'], size);
  if (policy !== 'off') reply.header('vary', 'accept-encoding');
  if (coding !== undefined) return sendCompressed(reply, response, coding);
  reply.header('content-length', size.bytes);
  const { raw } = reply.hijack();
  // The client has left: each write would be an error event.
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  if (typeof json === 'string' && binaryLength <= ONE_PIECE) {
    raw.end(
      binary.reduce((text, bytes) => text + oneCharacterAByte(bytes), asciiOf(json, jsonLength)),
      'latin1',
    );
    return;
  }
  raw.cork();
  raw.write(json);
  for (const bytes of binary) raw.write(released(bytes));
  raw.end();
}

/** Compresses on other threads, and sends while it does. */
function sendCompressed(reply: FastifyReply, { json, binary }: EncodedResponse, coding: Coding): void {
  reply.header('content-encoding', coding);
  const { raw } = reply.hijack();
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  const compressor = COMPRESSORS[coding]();
  // A client that leaves ends it; the log has that by the connection.
  pipeline(compressor, raw, () => {});
  compressor.write(json);
  for (const bytes of binary) compressor.write(released(bytes));
  compressor.end();
}

/** `json` with one character for each of its bytes in UTF-8. */
function asciiOf(json: string, byteLength: number): string {
  return json.length === byteLength ? json : oneCharacterAByte(Buffer.from(json));
}

function oneCharacterAByte({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** `bytes`, copied when they are a small part of a batch: a slow client would keep all of the batch in memory. */
function released(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}
