import { errors } from '../../../../common/errors';
import type { Parameters, ParameterValue } from '../messages';
import { asObject } from './fields';
import { mismatch } from './mismatch';

const NONE: Parameters = Object.freeze({});

/** What a parameter has to be, for people. */
export const PARAMETER = 'a string, a finite number or a boolean';

/** Extensions that other servers of the protocol have, with the words for a client that asks for one here. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  shared_memory_region: 'shared memory is not supported; send the tensor as data or as binary data',
};

/**
 * The `parameters` object at `path`, absent or null taken as empty.
 *
 * @throws invalid when a value is not a string, a number or a boolean, or asks for an extension that Nexus lacks.
 */
export function readParameters(value: unknown, path: string): Parameters {
  if (value === undefined || value === null) return NONE;
  const parameters: Record<string, unknown> = asObject(value, path);
  for (const key in parameters) {
    if (Object.hasOwn(UNSUPPORTED, key)) {
      throw errors.invalidInput(`${path}.${key}: ${UNSUPPORTED[key]}`, `${path}.${key}`);
    }
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
