import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import type { Digest, DigestAlgorithm } from '../store';

/** Large pieces make hashing fast. */
const PIECE_BYTES = 2 ** 20;

interface Sum {
  update(data: Uint8Array): unknown;
  /** In lower-case hexadecimal digits. */
  finish(): Promise<string>;
}

/** Digests of the file at `path`: its SHA-256, and the one of `algorithm` if there is one. */
export async function digestsOf(
  path: string,
  size: number,
  algorithm: DigestAlgorithm | undefined,
): Promise<{ readonly sha256: string; readonly other: string | undefined }> {
  const own = sumOf('sha256', size);
  const other = algorithm === undefined || algorithm === 'sha256' ? undefined : sumOf(algorithm, size);
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    own.update(piece as Uint8Array);
    other?.update(piece as Uint8Array);
  }
  const sha256 = await own.finish();
  return { sha256, other: algorithm === 'sha256' ? sha256 : await other?.finish() };
}

/** Whether `digest` is one that {@link digestsOf} has found. */
export function isMatch(digest: Digest, found: { readonly other: string | undefined }): boolean {
  return found.other === digest.value.toLowerCase();
}

function sumOf(algorithm: DigestAlgorithm, size: number): Sum {
  if (algorithm === 'crc32') {
    let sum = 0;
    return {
      update: (data) => (sum = crc32(data, sum)),
      finish: () => Promise.resolve(sum.toString(16).padStart(8, '0')),
    };
  }
  if (algorithm === 'crc32c' || algorithm === 'crc64nvme') {
    const sum = algorithm === 'crc32c' ? new Crc32c() : new Crc64Nvme();
    return {
      update: (data) => sum.update(data),
      finish: async () => Buffer.from(await sum.digest()).toString('hex'),
    };
  }
  const hash = createHash(algorithm === 'git' ? 'sha1' : algorithm);
  // Git names a file by its size and content.
  if (algorithm === 'git') hash.update(`blob ${size}\0`);
  return { update: (data) => hash.update(data), finish: () => Promise.resolve(hash.digest('hex')) };
}
