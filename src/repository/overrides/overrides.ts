import { errors, type NexusError } from '../../common/errors';

/** What a client sent to load a model with, in place of what the repository has. */
export interface Overrides {
  /** A model configuration of Triton as JSON, in place of config.pbtxt and model.yaml. */
  readonly config: string | undefined;
  /** Contents by path in the folder of the model. Where there are any, they are all that is in that folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What the name of a parameter starts with that is a file; the rest is its path. */
export const FILE_PREFIX = 'file:';

const MAX_CONFIG = 2 ** 20;
const MAX_FILES = 1000;
const MAX_PATH_BYTES = 1024;
/** As file systems have it. */
const MAX_NAME_BYTES = 255;
const NAME = /^(?!\.\.?$)[^/\\\p{Cc}]+$/u;

/**
 * The overrides among the parameters of a load request (Triton's model repository extension): `config`, a string, and
 * `file:<version>/<file>`, bytes.
 * @throws NexusError invalid_input that names the parameter.
 */
export function overridesOf({ config, ...others }: Readonly<Record<string, unknown>>): Overrides {
  const files = filesOf(others);
  if (config === undefined && files.size === 0) return { config, files };
  if (typeof config !== 'string')
    throw refusedParameter(
      'config',
      `expected a string, the model configuration as JSON, which files need beside them; got ${kindOf(config)}`,
    );
  if (config.length > MAX_CONFIG)
    throw refusedParameter('config', `it has ${config.length} characters; at most ${MAX_CONFIG}`);
  return { config, files };
}

/** @throws NexusError invalid_input when no folder of the repository could have this name. */
export function requireModelName(name: string): void {
  if (isName(name) && !/^[._]/.test(name)) return;
  throw errors.invalidInput(
    `'${name.slice(0, 80)}' cannot be the name of a model; give one that a folder of the repository can have`,
  );
}

function filesOf(parameters: Readonly<Record<string, unknown>>): Overrides['files'] {
  const files = new Map(Object.entries(parameters).map(([name, content]) => fileOf(name, content)));
  if (files.size > MAX_FILES)
    throw errors.invalidInput(`${files.size} files are too many; at most ${MAX_FILES}`);
  for (const path of files.keys()) requireFolders(path, files);
  return files;
}

function fileOf(parameter: string, content: unknown): [path: string, content: Uint8Array] {
  if (!parameter.startsWith(FILE_PREFIX))
    throw refusedParameter(
      parameter,
      'not supported; a model is loaded with config and file:<version>/<file>',
    );
  const path = parameter.slice(FILE_PREFIX.length);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || !path.split('/').every(isName))
    throw refusedParameter(parameter, 'expected file:<version>/<file>, a path in the folder of the model');
  if (!(content instanceof Uint8Array))
    throw refusedParameter(
      parameter,
      `expected the content, base64 in JSON and bytes in gRPC; got ${kindOf(content)}`,
    );
  return [path, content];
}

/** @throws NexusError invalid_input when something that is a folder for `path` is a file. */
function requireFolders(path: string, files: ReadonlyMap<string, unknown>): void {
  const names = path.split('/');
  const file = names.map((_, end) => names.slice(0, end).join('/')).find((folder) => files.has(folder));
  if (file !== undefined)
    throw refusedParameter(
      `${FILE_PREFIX}${file}`,
      `it is a folder for ${FILE_PREFIX}${path}, and cannot be a file`,
    );
}

function isName(name: string): boolean {
  return NAME.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** What `value` is, for people. */
export function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes';
  return value === null || value === undefined ? 'nothing' : typeof value;
}

/** The error for a parameter of a change. */
export function refusedParameter(parameter: string, reason: string): NexusError {
  const shown = parameter.length > 80 ? `${parameter.slice(0, 80)}...` : parameter;
  return errors.invalidInput(`parameters.${shown}: ${reason}`, `parameters.${shown}`);
}
