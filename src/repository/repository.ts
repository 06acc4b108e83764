import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { TaskDefinition } from '../tasks/task-definition';
import { systemReason } from './inner-file';
import { rootOf } from './root-of';

/** A model file found in the repository, or the reason why it cannot be served. */
export interface FoundVersion {
  readonly version: string;
  /** Real path of the ONNX file; undefined if `reason` is set. */
  readonly path?: string;
  /** Its path in the version folder; undefined if `reason` is set. */
  readonly filename?: string;
  readonly reason?: string;
  /** What it computes from text or pictures; undefined for a model of tensors. */
  readonly task?: TaskDefinition;
}

/** A model in the repository. */
export interface FoundModel {
  readonly name: string;
  /** Real path of its repository. Its files must be inside it. */
  readonly root: string;
  /** Folder that contains model.yaml and the version folders. */
  readonly folder: string;
  /** Name of its settings file in `folder`, if the model has no folder of its own; otherwise it is model.yaml. */
  readonly settingsFile?: string;
  readonly versions: readonly FoundVersion[];
  /** Whether there are no version folders: the model file is in `folder` itself, as version 1. */
  readonly bare?: boolean;
  /** Why nothing in `folder` can be read. */
  readonly refusal?: string;
  /** Whether a setting names it, in place of its folder. */
  readonly isNamed?: boolean;
}

/** The content of the repository. */
export interface Repository {
  /** Real path of the repository. Files of models must be inside it. */
  readonly root: string;
  readonly models: readonly FoundModel[];
}

const VERSION_FOLDER = /^[1-9][0-9]*$/;
/** Name of the settings file in the folder of a model. */
export const SETTINGS_FILE = 'model.yaml';
/** Names of the ONNX file of a version by default. The second is the layout of the Hugging Face hub. */
const DEFAULT_FILENAME = 'model.onnx';
const HUB_FILENAME = 'onnx/model.onnx';
/** Files that make a folder one of the Hugging Face hub. */
const HUB_FILES: readonly string[] = ['config.json', 'tokenizer.json'];
const LEAVES =
  'the folder is a link to a target outside the model repository; copy the model into the repository';
const ONNX = /\.onnx$/i;
const YAML = /\.yaml$/;

/**
 * Finds the models in `path`. A model is a folder with `<version>/model.onnx`, `model.onnx` or exactly one `.onnx` file,
 * or `onnx/model.onnx` in place of `model.onnx`, or `<name>.yaml`, the settings of a model that other servers run. `path`
 * can also be a model folder without versions, or an `.onnx` file.
 * Names that start with `.` or `_` are ignored.
 *
 * @param onlyName name of the model if there is only one, whose version folders may then be in `path` itself. Several
 * models keep their names. If empty, every model has the name of its folder or file.
 * @throws the system's error if `path` cannot be read.
 */
export async function scanRepository(path: string, onlyName = ''): Promise<Repository> {
  const { root, models } = await scan(path, onlyName);
  const [only, ...others] = models;
  if (onlyName === '' || only === undefined || others.length > 0) return { root, models };
  return { root, models: [{ ...only, name: onlyName, isNamed: true }] };
}

async function scan(path: string, onlyName: string): Promise<Repository> {
  const root = await rootOf(path);
  if ((await stat(root)).isFile()) {
    const folder = dirname(root);
    return {
      root: folder,
      models: [
        {
          name: modelName(root),
          root: folder,
          folder,
          versions: [{ version: '1', path: root, filename: basename(root) }],
          bare: true,
        },
      ],
    };
  }
  const entries = await list(root);
  if (onlyName !== '' && isOfModel(entries)) return { root, models: [await findModel(root, onlyName, root)] };
  const single = isHub(entries) ? await bareFile(root, entries) : await onlyFile(root, entries);
  if (single !== undefined) return { root, models: [await bareModel(root, single, root)] };
  const folders: string[] = [];
  for (const name of entries) if (await mayBeFolder(join(root, name))) folders.push(name);
  const files = entries.filter(
    (name) => YAML.test(name) && name !== SETTINGS_FILE && !folders.includes(name),
  );
  const found = await Promise.all(folders.map((name) => findModel(join(root, name), name, root)));
  const models = new Map(found.map((model) => [model.name, model]));
  for (const file of files) {
    const remote = remoteModel(root, file);
    const other = models.get(remote.name);
    models.set(remote.name, other === undefined ? remote : { ...other, refusal: twice(remote.name) });
  }
  return { root, models: [...models.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
}

/** A model whose only file is `file`, its settings. */
function remoteModel(folder: string, file: string): FoundModel {
  const name = file.replace(YAML, '');
  return { name, root: folder, folder, settingsFile: file, versions: [{ version: '1' }] };
}

function twice(name: string): string {
  return `the folder ${name} and the file ${name}.yaml both define the model; remove one of them`;
}

/**
 * Finds the model `name` in `folder`. Its files must be inside `root`. Never rejects: if the folder cannot be read, the
 * result has a `refusal`.
 */
export async function findModel(folder: string, name: string, root: string): Promise<FoundModel> {
  const refused = (refusal: string) => ({ name, root, folder, versions: [{ version: '1' }], refusal });
  try {
    if (isOutside(await realpath(folder), root)) return refused(LEAVES);
    return await lookInto(folder, name, root);
  } catch (error) {
    const reason = systemReason(error as NodeJS.ErrnoException);
    return refused(`the folder ${relative(root, folder)} cannot be read: ${reason}`);
  }
}

/** @throws the system's error if `folder` cannot be listed. */
async function lookInto(folder: string, name: string, root: string): Promise<FoundModel> {
  const entries = await list(folder);
  const versions = entries.filter((entry) => VERSION_FOLDER.test(entry));
  if (versions.length > 0) {
    const sorted = versions.toSorted((one, other) => Number(one) - Number(other));
    const model = { name, root, folder, versions: sorted.map((version) => ({ version })) };
    return { ...model, versions: await findVersions(model, sorted, undefined) };
  }
  const single = await bareFile(folder, entries);
  if (single !== undefined) return { ...(await bareModel(folder, single, root)), name };
  const file = join(relative(root, folder), '<version>/model.onnx');
  const reason = `no model file found; add ${file}, with a positive integer as the version, or set file in model.yaml`;
  return { name, root, folder, versions: [{ version: '1', reason }], bare: true };
}

/** A folder with one ONNX file and no version folders, served as version 1. */
async function bareModel(folder: string, file: string, root: string): Promise<FoundModel> {
  const name = modelName(join(folder, basename(file)));
  return { name, root, folder, versions: [await checkFile('1', folder, file, root)], bare: true };
}

/** Returns `model` with the file at the path `filename` in each version folder as its ONNX file. */
export async function chooseFile(model: FoundModel, filename: string): Promise<FoundModel> {
  const { root, folder, bare = false } = model;
  const names = model.versions.map(({ version }) => version);
  return {
    ...model,
    versions: bare
      ? [await checkFile('1', folder, filename, root)]
      : await findVersions(model, names, filename),
  };
}

/**
 * Looks for `filename` in the folders of `versions`, which need not exist; undefined for the default. A model without
 * version folders has only the version that was found.
 */
export async function findVersions(
  { root, folder, versions: found, bare = false }: FoundModel,
  versions: readonly string[],
  filename: string | undefined,
): Promise<readonly FoundVersion[]> {
  if (bare)
    return versions.map(
      (version) =>
        found.find((known) => known.version === version) ?? {
          version,
          reason: `no folder ${version} found; a model file outside a version folder is version 1`,
        },
    );
  return Promise.all(
    versions.map(async (version) => {
      const inner = join(folder, version);
      return checkFile(version, inner, filename ?? (await defaultFile(inner)), root);
    }),
  );
}

async function defaultFile(folder: string): Promise<string> {
  if (await isThere(join(folder, DEFAULT_FILENAME))) return DEFAULT_FILENAME;
  return (await isFile(join(folder, HUB_FILENAME))) ? HUB_FILENAME : DEFAULT_FILENAME;
}

async function checkFile(
  version: string,
  folder: string,
  filename: string,
  root: string,
): Promise<FoundVersion> {
  const path = join(folder, filename);
  const shown = relative(root, path);
  try {
    const real = await realpath(path);
    if (isOutside(real, root))
      return {
        version,
        reason: `${shown} is a link to a target outside the model repository; copy the file into the repository`,
      };
    if (!(await stat(real)).isFile())
      return { version, reason: `${shown} is not a regular file; replace it with the ONNX file` };
    return { version, path: real, filename };
  } catch (error) {
    return { version, reason: `${shown} cannot be read: ${systemReason(error as NodeJS.ErrnoException)}` };
  }
}

/** Names a model after its file, or after the folder if the file is named model.onnx. */
function modelName(path: string): string {
  const name = basename(path).replace(ONNX, '');
  return name === 'model' ? basename(dirname(path)) : name;
}

function isOutside(path: string, root: string): boolean {
  return relative(root, path).split('/')[0] === '..';
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !/^[._]/.test(name)).toSorted();
}

/** Whether `entries` are those of the folder of a model, rather than of a folder of models. */
function isOfModel(entries: readonly string[]): boolean {
  return entries.some((name) => VERSION_FOLDER.test(name) || ONNX.test(name) || name === SETTINGS_FILE);
}

/** Whether `entries` are those of a folder of the Hugging Face hub. */
function isHub(entries: readonly string[]): boolean {
  return HUB_FILES.some((name) => entries.includes(name));
}

/**
 * The ONNX file of a model folder without version folders; undefined if there is none, or several and no default.
 * In a folder of the hub, other files are variants, such as quantised ones, that only model.yaml chooses.
 */
async function bareFile(folder: string, entries: readonly string[]): Promise<string | undefined> {
  const only = await onlyFile(folder, entries);
  if (only !== undefined && !isHub(entries)) return only;
  if (entries.includes(DEFAULT_FILENAME) && !(await isFolder(join(folder, DEFAULT_FILENAME))))
    return DEFAULT_FILENAME;
  return (await isFile(join(folder, HUB_FILENAME))) ? HUB_FILENAME : only;
}

/** The only ONNX file among `entries` of `folder`; undefined if there are none or several. Folders named `*.onnx` are ignored. */
async function onlyFile(folder: string, entries: readonly string[]): Promise<string | undefined> {
  const files: string[] = [];
  for (const name of entries) if (ONNX.test(name) && !(await isFolder(join(folder, name)))) files.push(name);
  return files.length === 1 ? files[0] : undefined;
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether `path` is a folder or cannot be resolved: a model whose folder is a broken link must be reported. */
function mayBeFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => true,
  );
}
