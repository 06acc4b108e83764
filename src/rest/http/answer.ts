import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { bufferOf } from '../../common/buffer-of';
import type { Transfer } from '../../common/pace';
import { watchReader } from '../../transport/http/slow-reader';
import { codingFor, COMPRESSORS, type Coding, type CompressionPolicy } from './compression';
import type { EncodedResponse } from '../codec/messages';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';

/** Up to this many bytes of tensors are sent in one piece with the JSON and the response head. */
const ONE_PIECE = 64 * 1024;

/** With larger pieces, progress of a slow transfer would show too late. */
const PIECE_BYTES = 128 * 1024;

/**
 * Sends `response`. Bypasses Fastify's `send`, which requires the body in one piece: concatenating a large body would
 * block the event loop, and a small one is sent fastest as text with one character per byte.
 *
 * @throws NexusError memory_busy, before anything is sent.
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
    reply.header(JSON_LENGTH_HEADER, jsonLength);
  }
  const size = { bytes: jsonLength + binaryLength, hasBinary: binaryLength > 0 };
  const coding = codingFor(policy, reply.request.headers['accept-encoding'], size);
  if (policy !== 'off') varyOnEncoding(reply);
  if (coding !== undefined) return sendCompressed(reply, response, coding);
  reply.header('content-length', size.bytes);
  const { raw } = reply.hijack();
  // The client has disconnected, so each write would emit an error event.
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  if (typeof json === 'string' && binaryLength <= ONE_PIECE) {
    raw.end(
      binary.reduce((text, bytes) => text + latin1Of(bytes), bytesOf(json, jsonLength)),
      'latin1',
    );
    if (raw.socket?.writableNeedDrain === true) watchReader(reply);
    return;
  }
  pipeline(piecesOf(response, watchReader(reply)), raw, () => {});
}

/** Adds to what the response depends on already, such as the origin of the page. */
function varyOnEncoding(reply: FastifyReply): void {
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? 'accept-encoding' : `${String(vary)}, accept-encoding`);
}

/** Compresses on other threads and sends the result as a stream. */
function sendCompressed(reply: FastifyReply, response: EncodedResponse, coding: Coding): void {
  reply.header('content-encoding', coding);
  const { raw } = reply.hijack();
  if (raw.destroyed) return;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  // If the client disconnects, the pipeline ends; the connection logs it.
  pipeline(piecesOf(response, watchReader(reply)), COMPRESSORS[coding](), raw, () => {});
}

/** The bytes of a response in pieces. The stream pulls each piece when it has room, which shows the progress. */
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

/** `json` with one character for each of its UTF-8 bytes. */
function bytesOf(json: string, byteLength: number): string {
  return json.length === byteLength ? json : latin1Of(Buffer.from(json));
}

function latin1Of(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('latin1');
}

/** Copies `bytes` if they are a small part of a batch, because a slow client would keep the whole batch in memory. */
function released(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}
