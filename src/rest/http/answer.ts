import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Transfer } from '../../common/pace';
import { watchReader } from '../../transport/http/slow-reader';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';
import { codingFor, COMPRESSORS, type Coding, type CompressionPolicy } from './compression';
import type { EncodedResponse } from '../codec/messages';
import type { InferenceSummary } from '../../observability/log/request-line';

/** Up to this many bytes of tensors are sent in one piece with the JSON and the head of the answer. */
const ONE_PIECE = 64 * 1024;

/** Larger pieces would take long to show that they move at all. */
const PIECE_BYTES = 128 * 1024;

/** Tells what became of an inference: the log, and the client whether the cache had the answer. */
export function tell(reply: FastifyReply, summary: InferenceSummary): void {
  reply.request.inference = summary;
  if (summary.cache !== undefined) reply.header(CACHE_HEADER, summary.cache);
}

/**
 * Answers with `response`. Goes around Fastify's way of sending, which takes a body in one piece only: putting a large
 * one together would hold the event loop, and a small one is sent the fastest as text, one character a byte.
 *
 * @throws NexusError memory_busy, with nothing sent.
 */
export function sendAnswer(reply: FastifyReply, response: EncodedResponse, policy: CompressionPolicy): void {
  const { json, binary } = response;
  const jsonLength = Buffer.byteLength(json);
  const binaryLength = binary.reduce((sum, { byteLength }) => sum + byteLength, 0);
  reply.request.memory?.hold(jsonLength + binaryLength);
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
    if (raw.socket?.writableNeedDrain === true) watchReader(reply);
    return;
  }
  pipeline(piecesOf(response, watchReader(reply)), raw, () => {});
}

/** Compresses on other threads, and sends while it does. */
function sendCompressed(reply: FastifyReply, response: EncodedResponse, coding: Coding): void {
  reply.header('content-encoding', coding);
  const { raw } = reply.hijack();
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  // A client that leaves ends it; the log has that by the connection.
  pipeline(piecesOf(response, watchReader(reply)), COMPRESSORS[coding](), raw, () => {});
}

/** The bytes of an answer in pieces, each asked for when there is room for it, so that progress can be seen. */
function piecesOf({ json, binary }: EncodedResponse, transfer: Transfer): Readable {
  const parts = [typeof json === 'string' ? Buffer.from(json) : json, ...binary.map(released)];
  function* pieces() {
    for (const part of parts)
      for (let at = 0; at < part.byteLength; at += PIECE_BYTES) {
        transfer.moved += PIECE_BYTES;
        yield part.subarray(at, at + PIECE_BYTES);
      }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: PIECE_BYTES });
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
