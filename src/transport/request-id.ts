import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Header that carries the id of a request, in both directions. */
export const REQUEST_ID_HEADER = 'x-request-id';

const ACCEPTED = /^[\x21-\x7e]{1,128}$/;

/** The caller's id of the request where it sent one of 1 to 128 visible ASCII characters, otherwise a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID();
}
