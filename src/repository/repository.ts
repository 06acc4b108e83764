import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { systemReason } from './inner-file';

/** A model file found in the repository, or why what was found is none. */
export interface FoundVersion {
  readonly version: string;
  /** Real path of the ONNX file; undefined when there is a `reason`. */
  readonly path?: string;
  /** Its name in the folder of the version; undefined when there is a `reason`. */
  readonly filename?: string;
  readonly reason?: string;
}

/** A model of the repository. */
export interface FoundModel {
  readonly name: string;
  /** Folder that holds model.yaml and the version folders. */
  readonly folder: string;
  readonly versions: readonly FoundVersion[];
  /** Whether the model file stands in `folder` itself, as version 1. */
  readonly bare?: boolean;
  /** Why nothing in `folder` may be read. */
  readonly refusal?: string;
}

/** What the repository holds. */
export interface Repository {
  /** Real path that no file of a model may leave. */
  readonly root: string;
  readonly models: readonly FoundModel[];
}

const VERSION_FOLDER = /^[1-9][0-9]*$/;
/** What the ONNX file of a version is called. */
export const DEFAULT_FILENAME = 'model.onnx';
const LEAVES = 'the folder is a link that leaves the model repository';
const ONNX = /\.onnx$/i;

/**
 * Finds the models below `path`: `<model>/<version>/model.onnx` for each, or a folder with just one `.onnx`; or
 * `path` is itself such a folder, or an `.onnx` file. Names that start with `.` or `_` are passed over.
 * @throws the system's error when `path` cannot be read.
 */
export async function scanRepository(path: string): Promise<Repository> {
  const root = await realpath(path);
  if ((await stat(root)).isFile()) {
    const folder = dirname(root);
    return {
      root: folder,
      models: [
        {
          name: modelName(root),
          folder,
          versions: [{ version: '1', path: root, filename: basename(root) }],
          bare: true,
        },
      ],
    };
  }
  const entries = await list(root);
  const single = await bareFile(root, entries);
  if (single !== undefined) return { root, models: [await bareModel(root, single, root)] };
  const folders: string[] = [];
  for (const name of entries) if (await mayBeFolder(join(root, name))) folders.push(name);
  return { root, models: await Promise.all(folders.map((name) => findModel(join(root, name), name, root))) };
}

/**
 * Finds the model `name` in `folder`, no file of which may be outside `root`. Never rejects: a folder that cannot be
 * read is a refusal.
 */
export async function findModel(folder: string, name: string, root: string): Promise<FoundModel> {
  const refused = (refusal: string) => ({ name, folder, versions: [{ version: '1' }], refusal });
  try {
    if (isOutside(await realpath(folder), root)) return refused(LEAVES);
    return await lookInto(folder, name, root);
  } catch (error) {
    const reason = systemReason(error as NodeJS.ErrnoException);
    return refused(`the folder ${relative(root, folder)} cannot be read: ${reason}`);
  }
}

/** @throws the system's error when `folder` cannot be listed. */
async function lookInto(folder: string, name: string, root: string): Promise<FoundModel> {
  const entries = await list(folder);
  const versions = entries.filter((entry) => VERSION_FOLDER.test(entry));
  if (versions.length > 0) {
    const sorted = versions.toSorted((one, other) => Number(one) - Number(other));
    const model = { name, folder, versions: sorted.map((version) => ({ version })) };
    return { ...model, versions: await findVersions(model, sorted, DEFAULT_FILENAME, root) };
  }
  const single = await bareFile(folder, entries);
  if (single !== undefined) return { ...(await bareModel(folder, single, root)), name };
  const reason = `no model file; expected ${name}/<version>/model.onnx, with a whole number as version`;
  return { name, folder, versions: [{ version: '1', reason }] };
}

/** A folder with one ONNX file and no version folders: version 1. */
async function bareModel(folder: string, file: string, root: string): Promise<FoundModel> {
  const name = modelName(join(folder, file));
  return { name, folder, versions: [await checkFile('1', folder, file, root)], bare: true };
}

/**
 * Looks for `filename` in the folders of `versions`, which need not be there. A model without such folders has the
 * version that was found, and no other.
 */
export async function findVersions(
  { folder, versions: found, bare = false }: FoundModel,
  versions: readonly string[],
  filename: string,
  root: string,
): Promise<readonly FoundVersion[]> {
  if (bare)
    return versions.map(
      (version) =>
        found.find((known) => known.version === version) ?? {
          version,
          reason: `there is no folder ${version}; a model file without one is version 1`,
        },
    );
  return Promise.all(versions.map((version) => checkFile(version, join(folder, version), filename, root)));
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
      return { version, reason: `${shown} is a link that leaves the model repository` };
    if (!(await stat(real)).isFile()) return { version, reason: `${shown} is not a file` };
    return { version, path: real, filename };
  } catch (error) {
    return { version, reason: `${shown} cannot be read: ${systemReason(error as NodeJS.ErrnoException)}` };
  }
}

/** Names a model after its file, or after the folder when the file is called model.onnx. */
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

/** The one ONNX file among `entries` of `folder`; undefined when there is none, or several. A folder may have such a name. */
async function bareFile(folder: string, entries: readonly string[]): Promise<string | undefined> {
  const files: string[] = [];
  for (const name of entries) if (ONNX.test(name) && !(await isFolder(join(folder, name)))) files.push(name);
  return files.length === 1 ? files[0] : undefined;
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether `path` is a folder, or leads nowhere: a model whose folder is a broken link has to say so. */
function mayBeFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => true,
  );
}
