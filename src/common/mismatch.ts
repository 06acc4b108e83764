import { errors } from './errors';
import type { NexusError } from './nexus-error';
import { quote } from './quote';

/** Maximum length of a path, which may contain keys that the client chose. */
const MAX_PATH_LENGTH = 200;

/** The error for an invalid value in a request: the path, what was expected, and what it got. */
export function mismatch(path: string, expected: string, value: unknown): NexusError {
  const place = path.length <= MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}...`;
  return errors.invalidInput(`${place}: expected ${expected}, got ${received(value)}`, place);
}

function received(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return `${value as number | bigint | boolean | null}`;
}
