import { errors, type NexusError } from '../../common/errors';
import { quote } from '../../common/quote';

/** Longest path, in which there may be keys that a client has chosen. */
const LONGEST_PATH = 200;

/** The error for a value of a request that is not what it has to be: where, what was expected, what came. */
export function mismatch(path: string, expected: string, value: unknown): NexusError {
  const place = path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}...`;
  return errors.invalidInput(`${place}: expected ${expected}, got ${received(value)}`, place);
}

function received(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return `${value as number | bigint | boolean | null}`;
}
