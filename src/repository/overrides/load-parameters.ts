import { constants } from 'node:buffer';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { FILE_PREFIX, kindOf, refusedParameter } from './overrides';

/** Parameters of a change, by name, as the client sent them. */
export type ChangeParameters = Readonly<Record<string, unknown>>;

const FORM = '{"parameters": {...}}';

/**
 * The parameters in the body of a change; none when there is no body.
 * @param limit most bytes of the body.
 * @throws NexusError invalid_input
 */
export function changeParametersOf(body: Uint8Array | undefined, limit?: number): ChangeParameters {
  const { parameters = {} } = jsonObject(body, FORM, limit);
  if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters))
    return parameters as ChangeParameters;
  throw errors.invalidInput(`the body must be empty or ${FORM}`);
}

/**
 * The parameters in the body of a load request, with the bytes of the files in place of their base64 (RFC 4648,
 * section 4).
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
 * Whether the models that were loaded for the one to unload go too.
 * @throws NexusError invalid_input for a parameter that is not known, and for a value that is not one of its.
 */
export function unloadsDependents({
  unload_dependents: dependents = false,
  ...others
}: ChangeParameters): boolean {
  if (typeof dependents !== 'boolean')
    throw refusedParameter('unload_dependents', `expected true or false, got ${kindOf(dependents)}`);
  const [strange] = Object.keys(others);
  if (strange !== undefined)
    throw refusedParameter(strange, 'not supported; a model is unloaded with unload_dependents');
  return dependents;
}

function decoded(name: string, text: string): Uint8Array {
  const end = text.search(/[^A-Za-z0-9+/]/);
  const padding = end === -1 ? '' : text.slice(end);
  const isPadding = padding === '' || padding === '=' || padding === '==';
  if (isPadding && text.length % 4 === 0) return Buffer.from(text, 'base64');
  const got = isPadding
    ? `${text.length} characters, which is no multiple of 4`
    : `another character at ${end}`;
  throw refusedParameter(name, `expected base64 with padding, got ${got}`);
}
