import { createGunzip, createInflate } from 'node:zlib';
import { errors } from '../common/errors';
import { GrowingBytes } from '../common/growing-bytes';

/** In HTTP, "deflate" is the zlib format (RFC 9110, section 8.4.1.2); gRPC uses the same. */
const DECOMPRESSORS = { gzip: createGunzip, deflate: createInflate } as const;

/** A supported content coding. */
export type Compression = keyof typeof DECOMPRESSORS;

const CHUNK_BYTES = 64 * 1024;

/** Whether `name` is a {@link Compression}. */
export function isCompression(name: string): name is Compression {
  return Object.hasOwn(DECOMPRESSORS, name);
}

/**
 * Decompresses `body` off the event loop.
 * @param admit called with the decompressed size so far; an error that it throws stops the decompression.
 * @throws NexusError body_too_large above `limit` bytes; errors of `admit` and zlib.
 */
export function decompress(
  body: Uint8Array,
  coding: Compression,
  limit: number,
  admit: (bytes: number) => void,
): Promise<Buffer> {
  const decompressor = DECOMPRESSORS[coding]({ chunkSize: CHUNK_BYTES });
  return new Promise((resolve, reject) => {
    const plain = new GrowingBytes();
    decompressor.on('data', (chunk: Buffer) => {
      try {
        const length = plain.length + chunk.length;
        if (length > limit) throw errors.bodyTooLarge(limit);
        admit(length);
        plain.append(chunk, NaN);
      } catch (error) {
        decompressor.destroy();
        reject(error);
      }
    });
    decompressor.on('error', reject);
    decompressor.on('end', () => resolve(plain.bytes));
    decompressor.end(body);
  });
}
