import type { IncomingHttpHeaders } from 'node:http';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';

/**
 * Bytes of memory per byte of JSON while it is decoded, including the JSON itself. Measured in docs/decisions.md with
 * single-digit numbers, which need the most.
 */
const JSON_FACTOR = 11;

/** Expected ratio of decompressed to compressed size. The real size is charged during decompression. */
const EXPECTED_RATIO = 4;

/** Estimates from its headers the memory that a plain or compressed body of `bytes` needs until it is answered. */
export function memoryOfBody(bytes: number, headers: IncomingHttpHeaders): number {
  const coding = headers['content-encoding'];
  if (coding === undefined || coding === 'identity' || coding === '') return memoryOfPlain(bytes, headers);
  return bytes + memoryOfPlain(EXPECTED_RATIO * bytes, headers);
}

/** Same as {@link memoryOfBody}, for a body without Content-Encoding or after decompression. */
export function memoryOfPlain(bytes: number, headers: IncomingHttpHeaders): number {
  const jsonLength = headers[JSON_LENGTH_HEADER];
  const json = jsonLength === undefined ? bytes : Math.min(Number(jsonLength) || 0, bytes);
  return bytes + (JSON_FACTOR - 1) * json;
}
