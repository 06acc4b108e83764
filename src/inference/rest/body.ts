import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';

const DECODERS = new Map([
  ['gzip', promisify(gunzip)],
  // "deflate" of HTTP is the zlib format (RFC 9110, section 8.4.1.2).
  ['deflate', promisify(inflate)],
]);

/** The body of `request`, as {@link decompressed}; empty when none came. */
export function bodyOf({ body, headers }: FastifyRequest, limit: number): Buffer | Promise<Buffer> {
  return decompressed((body as Buffer | undefined) ?? Buffer.alloc(0), headers['content-encoding'], limit);
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
