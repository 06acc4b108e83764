import type { IncomingHttpHeaders } from 'node:http';

/**
 * What decoding takes for each byte of JSON, the byte included. Measured with numbers of one digit, which take the most,
 * in docs/decisions.md.
 */
const JSON_FACTOR = 11;

/** So many times as large a compressed body is expected to become; what it does become is charged as it grows. */
const EXPECTED_RATIO = 4;

/** Bytes of memory that a plain or compressed body of `bytes` takes until its answer is there, as its headers tell. */
export function memoryOfBody(bytes: number, headers: IncomingHttpHeaders): number {
  const coding = headers['content-encoding'];
  if (coding === undefined || coding === 'identity' || coding === '') return memoryOfPlain(bytes, headers);
  return bytes + memoryOfPlain(EXPECTED_RATIO * bytes, headers);
}

/** As {@link memoryOfBody}, for a body that has no Content-Encoding, or none any more. */
export function memoryOfPlain(bytes: number, headers: IncomingHttpHeaders): number {
  const told = headers['inference-header-content-length'];
  const json = told === undefined ? bytes : Math.min(Number(told) || 0, bytes);
  return bytes + (JSON_FACTOR - 1) * json;
}
