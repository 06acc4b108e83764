import { errors } from '../../common/errors';

/** What a client sent to load a model with, in place of what the repository has. */
export interface Overrides {
  /** A model configuration of Triton as JSON, in place of config.pbtxt and model.yaml. */
  readonly config: string | undefined;
  /** Contents by path in the folder of the model. Where there are any, they are all that is in that folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What the name of a parameter starts with that is a file; the rest is its path. */
export const FILE_PREFIX = 'file:';

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
export function overridesOf(parameters: Readonly<Record<string, unknown>>): Overrides {
  const { config, ...others } = parameters;
  if (config !== undefined && typeof config !== 'string')
    throw refused('config', `expected a string, the model configuration as JSON; got ${kindOf(config)}`);
  const files = new Map(Object.entries(others).map(([name, content]) => fileOf(name, content)));
  if (files.size === 0) return { config, files };
  if (config === undefined)
    throw refused('config', 'expected beside files, which replace the folder of the model; got nothing');
  if (files.size > MAX_FILES)
    throw errors.invalidInput(`${files.size} files are too many; at most ${MAX_FILES}`);
  for (const path of files.keys()) requireFolders(path, files);
  return { config, files };
}

/** Whether a folder of the repository could have this name. */
export function isModelName(name: string): boolean {
  return isName(name) && !/^[._]/.test(name);
}

function fileOf(parameter: string, content: unknown): [path: string, content: Uint8Array] {
  if (!parameter.startsWith(FILE_PREFIX))
    throw refused(parameter, 'not supported; a model is loaded with config and file:<version>/<file>');
  const path = parameter.slice(FILE_PREFIX.length);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || !path.split('/').every(isName))
    throw refused(parameter, 'expected file:<version>/<file>, a path in the folder of the model');
  if (!(content instanceof Uint8Array))
    throw refused(
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
    throw refused(`${FILE_PREFIX}${file}`, `it is a folder for ${FILE_PREFIX}${path}, and cannot be a file`);
}

function isName(name: string): boolean {
  return NAME.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes';
  return value === null || value === undefined ? 'nothing' : typeof value;
}

function refused(parameter: string, reason: string) {
  const shown = parameter.length > 80 ? `${parameter.slice(0, 80)}...` : parameter;
  return errors.invalidInput(`parameters.${shown}: ${reason}`, `parameters.${shown}`);
}
