import type { Parameters, ParameterValue } from '../../inference/request/parameters';
import { asObject } from './fields';
import { mismatch } from '../../inference/request/mismatch';

const NONE: Parameters = Object.freeze({});

/** What a parameter has to be, for people. */
export const PARAMETER = 'a string, a finite number or a boolean';

/**
 * The `parameters` object at `path`, absent or null taken as empty.
 *
 * @throws invalid when a value is not a string, a number or a boolean.
 */
export function readParameters(value: unknown, path: string): Parameters {
  if (value === undefined || value === null) return NONE;
  const parameters: Record<string, unknown> = asObject(value, path);
  for (const key in parameters) {
    const given = parameters[key];
    const read = readParameter(given, `${path}.${key}`);
    if (read !== given) parameters[key] = read;
  }
  return parameters as Parameters;
}

/** @throws invalid unless `value` is one that a parameter may have, which is `expected`. */
export function readParameter(value: unknown, path: string, expected = PARAMETER): ParameterValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw mismatch(path, expected, value);
}
