import { createDeflate, createGzip } from 'node:zlib';

/** Codings of an answer; "deflate" of HTTP is the zlib format (RFC 9110, section 8.4.1.2). */
export const COMPRESSORS = { gzip: createGzip, deflate: createDeflate } as const;

/** The name of a coding of {@link COMPRESSORS}. */
export type Coding = keyof typeof COMPRESSORS;

/** Smaller answers fit into one packet or two anyway. */
const MIN_BYTES = 1024;

/** Which answers are compressed for clients that take it: none, those in JSON, or all. */
export type CompressionPolicy = 'off' | 'json' | 'all';

/**
 * The coding for an answer to a client that accepts what `accept`, its Accept-Encoding, says (RFC 9110, section
 * 12.5.3); undefined for none.
 */
export function codingFor(
  policy: CompressionPolicy,
  accept: string | undefined,
  { bytes, hasBinary }: { readonly bytes: number; readonly hasBinary: boolean },
): Coding | undefined {
  if (policy === 'off' || accept === undefined || bytes < MIN_BYTES) return undefined;
  return policy === 'json' && hasBinary ? undefined : preferred(accept);
}

/** The coding of the largest weight; the first one of several. Plain wins where it is named with a larger one. */
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
