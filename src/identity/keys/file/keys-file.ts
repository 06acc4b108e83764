import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import Ajv, { type ErrorObject } from 'ajv';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { nearest } from '../../../common/nearest';
import { instantOf } from '../expiry';
import {
  expectationOf,
  KEY_SCHEMA,
  KEYS_SCHEMA,
  MAX_KEYS,
  MAX_TENANTS,
  TENANT_SCHEMA,
  type WrittenKey,
  type WrittenTenant,
} from '../keys-schema';
import { plainYaml } from './plain-yaml';

/** The content of a keys file. */
export interface KeysContent {
  readonly keys: readonly WrittenKey[];
  readonly tenants: readonly WrittenTenant[];
}

/** A keys file cannot be used. The lines never contain a key or a hash. */
export class KeysFileError extends Error {
  override readonly name = 'KeysFileError';

  /** @param lines one line per fault: where, what was expected, and what came. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Maximum size of a keys file. */
export const MAX_KEYS_MIB = 128;
/** Maximum number of faults to report. */
const MAX_FAULTS = 10;
/** Longest text of the file to repeat in a fault; keys and hashes are longer. */
const MAX_ECHO = 32;

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
const isKey = ajv.compile<WrittenKey>(KEY_SCHEMA);
const isTenant = ajv.compile<WrittenTenant>(TENANT_SCHEMA);

/** Reads the text of the keys file at `path`. @throws KeysFileError if it cannot be read or is too large. */
export function readKeysText(path: string): string {
  try {
    // Opening a FIFO would otherwise wait for a writer.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw new Error('it is not a file');
      if (stats.size > MAX_KEYS_MIB * 2 ** 20)
        throw new Error(`it has ${stats.size} bytes, but the limit is ${MAX_KEYS_MIB} MiB`);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new KeysFileError([`cannot be read: ${(error as Error).message}`]);
  }
}

/** Reads the text of a keys file. @throws KeysFileError */
export function parseKeys(text: string): KeysContent {
  const file = objectIn(text);
  const keys = listIn(file, 'keys', MAX_KEYS) as readonly WrittenKey[];
  const tenants = listIn(file, 'tenants', MAX_TENANTS) as readonly WrittenTenant[];
  const faults = [...keyFaults(keys), ...tenantFaults(tenants)];
  if (faults.length > 0) throw new KeysFileError(faults.slice(0, MAX_FAULTS));
  return { keys, tenants };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  const file = valueIn(text);
  if (typeof file !== 'object' || file === null || Array.isArray(file) || !('keys' in file))
    throw new KeysFileError([`expected an object with a list keys, such as keys: []; came ${shown(file)}`]);
  const known = Object.keys(KEYS_SCHEMA.properties);
  const unknown = Object.keys(file).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new KeysFileError([unknownProperty(unknown, known)]);
  return { ...file };
}

function valueIn(text: string): unknown {
  // JSON is YAML too, but JSON.parse takes a tenth of the time.
  if (text.startsWith('{'))
    try {
      return JSON.parse(text);
    } catch {
      // It may be a YAML map in braces; otherwise, the parser below finds the fault.
    }
  const plain = plainYaml(text);
  if (plain !== undefined) return plain;
  try {
    return text.trim() === '' ? undefined : load(text, { schema: CORE_SCHEMA });
  } catch (error) {
    // The message would repeat lines of the file.
    if (!(error instanceof YAMLException))
      throw new KeysFileError(['cannot be read as YAML; check its syntax']);
    const line = error.mark === undefined ? '' : `line ${error.mark.line + 1}: `;
    throw new KeysFileError([`${line}expected YAML; ${error.reason}`]);
  }
}

function listIn(file: Readonly<Record<string, unknown>>, name: string, most: number): readonly unknown[] {
  const list = file[name] ?? [];
  if (!Array.isArray(list)) throw new KeysFileError([`${name}: expected a list; came ${shown(list)}`]);
  if (list.length > most)
    throw new KeysFileError([`${name}: expected at most ${most} entries; came ${list.length}`]);
  return list;
}

function* keyFaults(keys: readonly WrittenKey[]): Generator<string> {
  const ids = new Set<unknown>();
  const subjects = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (!isKey(key)) yield* isKey.errors!.map((error) => describe(error, nameOf('key', key, index)));
    else {
      const { id, hash, subject, expires, previous } = key;
      const at = nameOf('key', key, index);
      if (ids.has(id)) yield `${at}: expected an id of its own; another key has the same one`;
      ids.add(id);
      if ((hash === undefined) === (subject === undefined)) yield `${at}: expected either hash or subject`;
      if (subject !== undefined && subjects.has(subject))
        yield `${at}: subject: expected a subject of its own; another key has the same one`;
      if (subject !== undefined) subjects.add(subject);
      if (expires !== undefined) yield* instantFaults(expires, 'expires', at);
      if (previous !== undefined) yield* instantFaults(previous.until, 'previous.until', at);
    }
  }
}

function* tenantFaults(tenants: readonly WrittenTenant[]): Generator<string> {
  const ids = new Set<unknown>();
  for (const [index, tenant] of tenants.entries()) {
    const at = nameOf('tenant', tenant, index);
    if (!isTenant(tenant)) yield* isTenant.errors!.map((error) => describe(error, at));
    else if (ids.has(tenant.id)) yield `${at}: expected an id of its own; another tenant has the same one`;
    else ids.add(tenant.id);
  }
}

/** Names an entry of a list in a message: by its id, or by its position if it has none. */
function nameOf(kind: string, entry: unknown, index: number): string {
  const id = (entry as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' && /^[\w.-]{1,32}$/.test(id) ? `${kind} "${id}"` : `${kind} ${index + 1}`;
}

function* instantFaults(text: string, name: string, at: string): Generator<string> {
  if (instantOf(text) === undefined)
    yield `${at}: ${name}: expected ${expectationOf(name.split('.'))}; came ${shown(text)}`;
}

/** The fault as a line. */
function describe(error: ErrorObject, at: string): string {
  const { keyword, instancePath, params, data, parentSchema } = error;
  const path = instancePath.split('/').slice(1);
  const where = [at, ...(path.length === 0 ? [] : [path.join('.')])].join(': ');
  if (keyword === 'dependencies') return `${where}: previous: expected only beside hash`;
  if (keyword === 'required') return `${where}: expected ${params['missingProperty']}, which is missing`;
  if (keyword === 'additionalProperties')
    return `${where}: ${unknownProperty(String(params['additionalProperty']), Object.keys(parentSchema!['properties'] as object))}`;
  if (path.length === 0)
    return `${where}: expected an object with the properties of an entry; came ${shown(data)}`;
  return `${where}: expected ${expectationOf(path)}; came ${shown(data)}`;
}

function unknownProperty(name: string, known: readonly string[]): string {
  const near = nearest(name.slice(0, MAX_ECHO), known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
  return `unknown property ${shown(name)}; ${hint}`;
}

/** `value` for a message: never a key or a hash. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const isSecret = typeof value === 'string' && (value.length > MAX_ECHO || /^(nxs_|sha256)/i.test(value));
  return isSecret ? `text of ${value.length} characters` : JSON.stringify(value);
}
