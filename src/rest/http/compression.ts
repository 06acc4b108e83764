import { createDeflate, createGzip } from 'node:zlib';

/** Content codings of responses. In HTTP, "deflate" is the zlib format (RFC 9110, section 8.4.1.2). */
export const COMPRESSORS = { gzip: createGzip, deflate: createDeflate } as const;

/** The name of a coding of {@link COMPRESSORS}. */
export type Coding = keyof typeof COMPRESSORS;

/** Smaller responses fit into one or two packets anyway. */
const MIN_BYTES = 1024;

/** Which responses are compressed for clients that accept it: none, JSON only, or all. */
export type CompressionPolicy = 'off' | 'json' | 'all';

/**
 * Selects the coding of a response.
 * @param accept the Accept-Encoding of the client (RFC 9110, section 12.5.3).
 * @returns undefined to send the response uncompressed.
 */
export function codingFor(
  policy: CompressionPolicy,
  accept: string | undefined,
  { bytes, hasBinary }: { readonly bytes: number; readonly hasBinary: boolean },
): Coding | undefined {
  if (policy === 'off' || accept === undefined || bytes < MIN_BYTES) return undefined;
  return policy === 'json' && hasBinary ? undefined : preferred(accept);
}

/** The first coding with the largest weight; undefined if that is `identity`. */
function preferred(accept: string): Coding | undefined {
  let best: { coding: Coding | undefined; weight: number } = { coding: undefined, weight: 0 };
  for (const item of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2)) || 0;
    if (weight > best.weight && (name === 'identity' || Object.hasOwn(COMPRESSORS, name)))
      best = { coding: name === 'identity' ? undefined : (name as Coding), weight };
  }
  return best.coding;
}
