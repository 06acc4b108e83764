import type { IncomingHttpHeaders } from 'node:http';
import { errors } from '../../common/errors';
import type { Parameters } from './codec/messages';

const WHOLE_NUMBER = /^\d{1,15}$/;

/**
 * Bytes of JSON before the binary tensors, from Inference-Header-Content-Length; undefined when all of it is JSON.
 * @throws NexusError invalid_input
 */
export function headerLengthOf(headers: IncomingHttpHeaders): number | undefined {
  return wholeNumber(
    'inference-header-content-length',
    headers,
    'the bytes of JSON at the start of the body',
  );
}

/**
 * When the answer is no longer of use, on the `performance.now()` clock: `x-request-timeout` in milliseconds, else
 * the V2 parameter `timeout` in microseconds, else `defaultMs` from now.
 * @throws NexusError invalid_input
 */
export function deadlineOf(headers: IncomingHttpHeaders, { timeout }: Parameters, defaultMs: number): number {
  const header = wholeNumber('x-request-timeout', headers, 'milliseconds');
  if (header === 0)
    throw errors.invalidInput('header x-request-timeout: expected at least 1 millisecond, got 0');
  return performance.now() + (header ?? parameterMs(timeout) ?? defaultMs);
}

function parameterMs(timeout: string | number | boolean | undefined): number | undefined {
  if (timeout === undefined || timeout === 0) return undefined;
  if (typeof timeout === 'number' && Number.isSafeInteger(timeout) && timeout > 0) return timeout / 1000;
  throw errors.invalidInput(
    `parameters.timeout: expected microseconds as a whole number, got ${JSON.stringify(timeout)}`,
    'parameters.timeout',
  );
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
