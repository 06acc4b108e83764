import type { FastifyRequest } from 'fastify';
import { errors, NexusError } from '../../common/errors';
import { memoryOfPlain } from '../../common/memory-of-body';
import { decompress, isCompression } from '../decompress';

/**
 * The body of `request` without its Content-Encoding; empty when none came. A plain one comes back as it is; what a
 * compressed one becomes is charged as it grows, and is undone off the event loop.
 *
 * @throws NexusError unsupported_encoding, invalid_input, memory_busy, or body_too_large above `limit` bytes.
 */
export function bodyOf(request: FastifyRequest, limit: number): Buffer | Promise<Buffer> {
  const { headers } = request;
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity' || encoding === '') return body;
  const name = encoding.toLowerCase();
  if (!isCompression(name)) throw errors.unsupportedEncoding(encoding);
  // Twice, because it is copied to a larger place as it grows.
  const admit = (bytes: number) => request.memory?.hold(body.length + bytes + memoryOfPlain(bytes, headers));
  return decompress(body, name, limit, admit).catch((error: Error) => {
    if (error instanceof NexusError) throw error;
    throw errors.invalidInput(`the body is not valid ${name}, though Content-Encoding says so`);
  });
}
