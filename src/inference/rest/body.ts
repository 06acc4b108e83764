import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';

const DECODERS = new Map([
  ['gzip', promisify(gunzip)],
  // "deflate" of HTTP is the zlib format (RFC 9110, section 8.4.1.2).
  ['deflate', promisify(inflate)],
]);

/** Content types of what is neither JSON nor the bytes of tensors. All others are taken: many clients name a wrong one, as curl -d does. */
const OTHER_MEDIA = /^\s*(?:image|audio|video|multipart)\//i;

/**
 * The body of `request`, as {@link decompressed}; empty when none came.
 * @throws NexusError unsupported_media_type for pictures, sound and forms with files.
 */
export function bodyOf({ body, headers, raw }: FastifyRequest, limit: number): Buffer | Promise<Buffer> {
  // The server has hidden the header from Fastify.
  const type = raw.rawHeaders[raw.rawHeaders.findIndex(isContentType) + 1] ?? '';
  if (headers['inference-header-content-length'] === undefined && OTHER_MEDIA.test(type))
    throw errors.unsupportedMediaType(type.trim().split(';', 1)[0]!.slice(0, 80));
  return decompressed((body as Buffer | undefined) ?? Buffer.alloc(0), headers['content-encoding'], limit);
}

/** Whether `item` of a list of headers and their values is the name of this one. */
function isContentType(item: string, index: number): boolean {
  return index % 2 === 0 && item.length === 12 && item.toLowerCase() === 'content-type';
}

/**
 * The body without its Content-Encoding, off the event loop. A plain body comes back as it is.
 * @throws NexusError unsupported_encoding, invalid_input, or body_too_large above `limit` bytes.
 */
function decompressed(body: Buffer, encoding: string | undefined, limit: number): Buffer | Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity' || encoding === '') return body;
  const name = encoding.toLowerCase();
  const decode = DECODERS.get(name);
  if (decode === undefined) throw errors.unsupportedEncoding(encoding);
  return decode(body, { maxOutputLength: limit }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw errors.bodyTooLarge(limit);
    throw errors.invalidInput(`the body is not valid ${name}, though Content-Encoding says so`);
  });
}
