import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { memoryOfPlain } from '../../transport/http/memory-of-body';
import { decompress, isCompression } from '../../transport/decompress';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';

/** Content types that cannot be JSON or tensors. All others are accepted, because many clients send a wrong one, for example curl -d. */
const OTHER_MEDIA = /^\s*(?:image|audio|video|multipart)\//i;

/**
 * Returns the decoded body of `request`, empty if it has none. A body without Content-Encoding is returned unchanged. A
 * compressed body is decompressed off the event loop and charged against the memory in flight as it grows.
 *
 * @param media types of pictures or forms to accept.
 * @throws NexusError unsupported_encoding, invalid_input, memory_busy, body_too_large above `limit` bytes, or
 * unsupported_media_type for other image, audio, video and multipart bodies.
 */
export function bodyOf(request: FastifyRequest, limit: number, media?: RegExp): Buffer | Promise<Buffer> {
  const { headers } = request;
  if (OTHER_MEDIA.test(contentTypeOf(request))) {
    const type = mediaTypeOf(request);
    if (media?.test(type) !== true) rejectOtherMedia(request, type);
  }
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity' || encoding === '') return body;
  const name = encoding.toLowerCase();
  if (!isCompression(name)) throw errors.unsupportedEncoding(encoding);
  // Twice, because it is copied to a larger buffer as it grows.
  const admit = (bytes: number) => request.memory?.hold(body.length + bytes + memoryOfPlain(bytes, headers));
  return decompress(body, name, limit, admit).catch((error: Error) => {
    if (error instanceof NexusError) throw error;
    throw errors.invalidInput(
      `the body is not valid ${name}; correct the body or the header Content-Encoding`,
    );
  });
}

/** The media type of the body of `request` in lower case, without parameters; '' if the client sent none. */
export function mediaTypeOf(request: FastifyRequest): string {
  return contentTypeOf(request).split(';', 1)[0]!.trim().toLowerCase();
}

/** The Content-Type of `request`, which the server hides from Fastify; '' if the client sent none. */
export function contentTypeOf({ raw }: FastifyRequest): string {
  const { rawHeaders } = raw;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 12 && name.toLowerCase() === 'content-type') return rawHeaders[index + 1]!;
  }
  return '';
}

function rejectOtherMedia({ headers }: FastifyRequest, type: string): void {
  if (headers[JSON_LENGTH_HEADER] === undefined) throw errors.unsupportedMediaType(type.slice(0, 80));
}
