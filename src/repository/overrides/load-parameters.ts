import { constants } from 'node:buffer';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { FILE_PREFIX, kindOf, refusedParameter } from './overrides';

/** Parameters of a load or unload request by name, as the client sent them. */
export type ChangeParameters = Readonly<Record<string, unknown>>;

const FORM = '{"parameters": {...}}';

/**
 * Returns the parameters in the body of a load or unload request; none if there is no body.
 * @param limit maximum size of the body in bytes.
 * @throws NexusError invalid_input
 */
export function changeParametersOf(body: Uint8Array | undefined, limit?: number): ChangeParameters {
  const { parameters = {} } = jsonObject(body, FORM, limit);
  if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters))
    return parameters as ChangeParameters;
  throw errors.invalidInput(`the body must be empty or ${FORM}`);
}

/**
 * Returns the parameters in the body of a load request, with the files decoded from base64 (RFC 4648, section 4).
 * @throws NexusError invalid_input
 */
export function loadParameters(body: Uint8Array | undefined): ChangeParameters {
  const parameters = changeParametersOf(body, constants.MAX_STRING_LENGTH);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      name.startsWith(FILE_PREFIX) && typeof value === 'string' ? decoded(name, value) : value,
    ]),
  );
}

/**
 * Whether to also unload the models that were loaded only for the model to unload.
 * @throws NexusError invalid_input for an unknown parameter or an invalid value.
 */
export function unloadsDependents({
  unload_dependents: dependents = false,
  ...others
}: ChangeParameters): boolean {
  if (typeof dependents !== 'boolean')
    throw refusedParameter('unload_dependents', `expected true or false, got ${kindOf(dependents)}`);
  const [unexpected] = Object.keys(others);
  if (unexpected !== undefined)
    throw refusedParameter(unexpected, 'not supported; use unload_dependents, or remove it');
  return dependents;
}

function decoded(name: string, text: string): Uint8Array {
  const end = text.search(/[^A-Za-z0-9+/]/);
  const padding = end === -1 ? '' : text.slice(end);
  const isPadding = padding === '' || padding === '=' || padding === '==';
  if (isPadding && text.length % 4 === 0) return Buffer.from(text, 'base64');
  const got = isPadding
    ? `${text.length} characters, which is not a multiple of 4`
    : `an invalid character at ${end}`;
  throw refusedParameter(name, `expected base64 with padding, got ${got}`);
}
