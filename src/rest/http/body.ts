import type { FastifyRequest } from 'fastify';
import { errors, NexusError } from '../../common/errors';
import { memoryOfPlain } from '../../transport/http/memory-of-body';
import { decompress, isCompression } from '../../transport/decompress';

/** Content types of what is neither JSON nor the bytes of tensors. All others are taken: many clients name a wrong one, as curl -d does. */
const OTHER_MEDIA = /^\s*(?:image|audio|video|multipart)\//i;

/**
 * The body of `request` without its Content-Encoding; empty when none came. A plain one comes back as it is; what a
 * compressed one becomes is charged as it grows, and is undone off the event loop.
 *
 * @throws NexusError unsupported_encoding, invalid_input, memory_busy, body_too_large above `limit` bytes, or
 * unsupported_media_type for pictures, sound and forms with files.
 */
export function bodyOf(request: FastifyRequest, limit: number): Buffer | Promise<Buffer> {
  const { headers } = request;
  refuseOtherMedia(request);
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

function refuseOtherMedia({ headers, raw }: FastifyRequest): void {
  // The server has hidden the header from Fastify.
  const type = raw.rawHeaders[raw.rawHeaders.findIndex(isContentType) + 1] ?? '';
  if (headers['inference-header-content-length'] === undefined && OTHER_MEDIA.test(type))
    throw errors.unsupportedMediaType(type.trim().split(';', 1)[0]!.slice(0, 80));
}

/** Whether `item` of a list of headers and their values is the name of this one. */
function isContentType(item: string, index: number): boolean {
  return index % 2 === 0 && item.length === 12 && item.toLowerCase() === 'content-type';
}
