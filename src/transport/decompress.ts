import { createGunzip, createInflate } from 'node:zlib';
import { errors } from '../common/errors';
import { GrowingBytes } from '../common/growing-bytes';

/** "deflate" of HTTP is the zlib format (RFC 9110, section 8.4.1.2); gRPC means the same. */
const DECOMPRESSORS = { gzip: createGunzip, deflate: createInflate } as const;

/** The name of a coding that can be undone. */
export type Compression = keyof typeof DECOMPRESSORS;

const CHUNK_BYTES = 64 * 1024;

/** Whether `name` is a {@link Compression}. */
export function isCompression(name: string): name is Compression {
  return Object.hasOwn(DECOMPRESSORS, name);
}

/**
 * What `body` was before it was compressed, off the event loop.
 * @param admit told how many bytes there are as they come; what it throws ends the work.
 * @throws NexusError body_too_large above `limit` bytes; what `admit` throws; the error of zlib.
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
