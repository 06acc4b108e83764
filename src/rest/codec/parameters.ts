import type { Parameters, ParameterValue } from '../../inference/request/parameters';
import { asObject } from './fields';
import { mismatch } from '../../common/mismatch';

const NONE: Parameters = Object.freeze({});

/** The valid values of a parameter, for error messages. */
export const PARAMETER = 'a string, a finite number or a boolean';

/**
 * Reads the `parameters` object at `path`. Absent and null mean empty.
 *
 * @throws invalid if a value is not a string, a number or a boolean.
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

/** @throws invalid with `expected` unless `value` is a valid value of a parameter. */
export function readParameter(value: unknown, path: string, expected = PARAMETER): ParameterValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw mismatch(path, expected, value);
}
