import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';

/** Configuration and files that a client sent to load a model with, in place of those in the repository. */
export interface Overrides {
  /** A Triton model configuration as JSON, in place of config.pbtxt and model.yaml. */
  readonly config: string | undefined;
  /** Contents by path in the model folder. Unless empty, these files are the whole content of the folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Prefix of the names of file parameters; the rest of the name is the path. */
export const FILE_PREFIX = 'file:';

const MAX_CONFIG = 2 ** 20;
const MAX_FILES = 1000;
const MAX_PATH_BYTES = 1024;
/** Limit of most file systems. */
const MAX_NAME_BYTES = 255;
const NAME = /^(?!\.\.?$)[^/\\\p{Cc}]+$/u;

/**
 * Extracts the overrides from the parameters of a load request (Triton's model repository extension): `config`, a
 * string, and `file:<version>/<file>`, bytes.
 * @throws NexusError invalid_input that names the parameter.
 */
export function overridesOf({ config, ...others }: Readonly<Record<string, unknown>>): Overrides {
  const files = filesOf(others);
  if (config === undefined && files.size === 0) return { config, files };
  if (typeof config !== 'string')
    throw refusedParameter(
      'config',
      `expected a string with the model configuration as JSON, which is required with files, got ${kindOf(config)}`,
    );
  if (config.length > MAX_CONFIG)
    throw refusedParameter('config', `expected at most ${MAX_CONFIG} characters, got ${config.length}`);
  return { config, files };
}

/** @throws NexusError invalid_input if `name` is not a valid folder name in the repository. */
export function requireModelName(name: string): void {
  if (isName(name) && !/^[._]/.test(name)) return;
  throw errors.invalidInput(
    `'${name.slice(0, 80)}' is not a valid model name; use a folder name that does not start with '.' or '_'`,
  );
}

function filesOf(parameters: Readonly<Record<string, unknown>>): Overrides['files'] {
  const files = new Map(Object.entries(parameters).map(([name, content]) => fileOf(name, content)));
  if (files.size > MAX_FILES)
    throw errors.invalidInput(`expected at most ${MAX_FILES} files, got ${files.size}; send fewer files`);
  for (const path of files.keys()) requireFolders(path, files);
  return files;
}

function fileOf(parameter: string, content: unknown): [path: string, content: Uint8Array] {
  if (!parameter.startsWith(FILE_PREFIX))
    throw refusedParameter(parameter, 'not supported; use config and file:<version>/<file>, or remove it');
  const path = parameter.slice(FILE_PREFIX.length);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || !path.split('/').every(isName))
    throw refusedParameter(parameter, 'expected file:<version>/<file> with a path inside the model folder');
  if (!(content instanceof Uint8Array))
    throw refusedParameter(
      parameter,
      `expected the content as base64 in JSON or bytes_param in gRPC, got ${kindOf(content)}`,
    );
  return [path, content];
}

/** @throws NexusError invalid_input if a folder in `path` is also a file. */
function requireFolders(path: string, files: ReadonlyMap<string, unknown>): void {
  const names = path.split('/');
  const file = names.map((_, end) => names.slice(0, end).join('/')).find((folder) => files.has(folder));
  if (file !== undefined)
    throw refusedParameter(
      `${FILE_PREFIX}${file}`,
      `cannot be a file, because it is a folder in ${FILE_PREFIX}${path}; rename one of them`,
    );
}

function isName(name: string): boolean {
  return NAME.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** Type of `value` for messages. */
export function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes';
  return value === null || value === undefined ? 'nothing' : typeof value;
}

/** Error for an invalid parameter of a load or unload request. */
export function refusedParameter(parameter: string, reason: string): NexusError {
  const shown = parameter.length > 80 ? `${parameter.slice(0, 80)}...` : parameter;
  return errors.invalidInput(`parameters.${shown}: ${reason}`, `parameters.${shown}`);
}
