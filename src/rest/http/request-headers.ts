import type { IncomingHttpHeaders } from 'node:http';
import { errors } from '../../common/errors';
import { TIMEOUT_HEADER } from '../../transport/http/inference-headers';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';

const WHOLE_NUMBER = /^\d{1,15}$/;

/**
 * The length of the JSON before the binary tensors, from Inference-Header-Content-Length; undefined if the body is all JSON.
 * @throws NexusError invalid_input
 */
export function headerLengthOf(headers: IncomingHttpHeaders): number | undefined {
  return wholeNumber(JSON_LENGTH_HEADER, headers, 'the length of the JSON in bytes');
}

/**
 * The deadline of a request on the `performance.now()` clock. The header `x-request-timeout` takes precedence over
 * `timeoutMs`, the timeout in the body, and that over `defaultMs`. All are milliseconds from now.
 * @throws NexusError invalid_input
 */
export function deadlineOf(
  headers: IncomingHttpHeaders,
  timeoutMs: number | undefined,
  defaultMs: number,
): number {
  const header = wholeNumber(TIMEOUT_HEADER, headers, 'milliseconds');
  if (header === 0)
    throw errors.invalidInput(`header ${TIMEOUT_HEADER}: expected at least 1 millisecond, got 0`);
  return performance.now() + (header ?? timeoutMs ?? defaultMs);
}

function wholeNumber(name: string, headers: IncomingHttpHeaders, meaning: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && WHOLE_NUMBER.test(text)) return Number(text);
  throw errors.invalidInput(
    `header ${name}: expected ${meaning} as a whole number, got '${String(text).slice(0, 40)}'`,
    name,
  );
}
