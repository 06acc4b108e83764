import { createHash, randomUUID } from 'node:crypto';
import {
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readManifest, writeManifest, type CopiedFile, type Manifest } from './manifest';

/** Folder of the models in a copy: what the gateway serves. */
export const MODELS = 'models';
/** Folder of all versions of all models, inside {@link MODELS}, because links must not leave the repository. */
const TREES = '.trees';

/** How long the files of a model that was replaced are kept for processes that still serve it, in milliseconds. */
const GRACE_MS = 600_000;

/**
 * The local copy of a repository. Content is stored once, by its SHA-256. Each state of a model is a folder of hard links to it,
 * and the model is a symbolic link to this folder, which is replaced at once. Use it only with the lock of `folder`.
 */
export class LocalCopy {
  readonly blobs: string;
  readonly partial: string;
  private readonly models: string;
  private readonly trees: string;

  constructor(private readonly folder: string) {
    this.blobs = join(folder, 'blobs');
    this.partial = join(folder, 'partial');
    this.models = join(folder, MODELS);
    this.trees = join(this.models, TREES);
  }

  /** Creates the folders. @throws the system's error. */
  async create(): Promise<void> {
    for (const path of [this.blobs, this.partial, this.trees]) await mkdir(path, { recursive: true });
  }

  /** The manifest of a whole copy; undefined if there is none. */
  read(): Promise<Manifest | undefined> {
    return readManifest(this.folder, this.blobs);
  }

  /** Makes the models those of `manifest`, whose content must be there. A crash leaves each model old or new. */
  async apply(manifest: Manifest): Promise<void> {
    await writeManifest(this.folder, manifest);
    await this.show(manifest);
  }

  /** Makes the models those of the manifest that {@link read} has returned, which a crash may have prevented. */
  async show(manifest: Manifest): Promise<void> {
    const wanted = new Map<string, string>();
    for (const [name, files] of Map.groupBy(manifest.files, ({ path }) => firstOf(path))) {
      const isFile = files[0]!.path === name;
      wanted.set(name, isFile ? join(this.blobs, files[0]!.sha256) : await this.treeOf(name, files));
    }
    for (const [name, target] of wanted) await this.showModel(name, target);
    for (const name of await readdir(this.models))
      if (name !== TREES && !wanted.has(name)) {
        await this.retire(name);
        await rm(join(this.models, name), { recursive: true, force: true });
      }
  }

  /** Bytes of content and of downloads. */
  async usedBytes(): Promise<number> {
    return (await bytesIn(this.blobs)) + (await this.partialBytes());
  }

  /** Bytes of downloads, finished or not. */
  partialBytes(): Promise<number> {
    return bytesIn(this.partial);
  }

  /**
   * Removes models that were replaced, the oldest first, until at most `limit` bytes are used.
   * @param inUse paths of files that must stay.
   * @returns whether no more are used.
   */
  async makeRoom(limit: number, manifest: Manifest | undefined, inUse: readonly string[]): Promise<boolean> {
    const retired = await this.retired(inUse);
    for (let next = 0; (await this.usedBytes()) > limit; next++) {
      if (next === retired.length) return false;
      await rm(retired[next]!, { recursive: true, force: true });
      await this.removeUnused(manifest);
    }
    return true;
  }

  /**
   * Removes models that were replaced a while ago, content that no model uses, and downloads other than `wanted`, which will not
   * be continued.
   */
  async tidy(
    inUse: readonly string[],
    wanted: ReadonlySet<string>,
    manifest: Manifest | undefined,
  ): Promise<void> {
    for (const path of await this.retired(inUse))
      if (Date.now() - (await stat(path)).mtimeMs > GRACE_MS)
        await rm(path, { recursive: true, force: true });
    for (const name of await readdir(this.partial))
      if (!wanted.has(name)) await rm(join(this.partial, name), { force: true });
    await this.removeUnused(manifest);
  }

  /** The folder with `files`, which all belong to the model `name`; it is made if it is not there. */
  private async treeOf(name: string, files: readonly CopiedFile[]): Promise<string> {
    const content = files.map(({ path, sha256 }) => `${sha256} ${path}`).toSorted();
    const hash = createHash('sha256').update(content.join('\n')).digest('hex').slice(0, 24);
    const tree = join(this.trees, hash);
    if (await isThere(tree)) return tree;
    const next = join(this.trees, `next-${randomUUID()}`);
    for (const { path, sha256 } of files) {
      const target = join(next, path.slice(name.length + 1));
      await mkdir(dirname(target), { recursive: true });
      await linkOrCopy(join(this.blobs, sha256), target);
    }
    await rename(next, tree);
    return tree;
  }

  /** Makes `name` lead to `target`: a symbolic link to a folder, or a hard link to a file. */
  private async showModel(name: string, target: string): Promise<void> {
    const path = join(this.models, name);
    const isTree = dirname(target) === this.trees;
    const shown = isTree ? join(TREES, target.slice(this.trees.length + 1)) : target;
    if (isTree ? (await readlink(path).catch(() => '')) === shown : await isSame(path, target)) return;
    await this.retire(name);
    const next = join(this.models, `.next-${randomUUID()}`);
    await (isTree ? symlink(shown, next) : linkOrCopy(target, next));
    await rename(next, path);
  }

  /** Notes when the folder of the model `name` was replaced. */
  private async retire(name: string): Promise<void> {
    const target = await readlink(join(this.models, name)).catch(() => undefined);
    const now = new Date();
    if (target !== undefined) await utimes(join(this.models, target), now, now).catch(() => {});
  }

  /** Folders of models that were replaced and are not in use, the oldest first, and those that a crash has left. */
  private async retired(inUse: readonly string[]): Promise<readonly string[]> {
    const current = new Set<string>();
    for (const name of await readdir(this.models)) {
      const target = await readlink(join(this.models, name)).catch(() => undefined);
      if (target !== undefined) current.add(join(this.models, target));
    }
    const others = (await readdir(this.trees))
      .map((name) => join(this.trees, name))
      .filter((path) => !current.has(path) && !inUse.some((used) => used.startsWith(`${path}/`)));
    const dated = await Promise.all(others.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
    return dated.toSorted((one, other) => one.at - other.at).map(({ path }) => path);
  }

  /** Removes content that neither `manifest` nor a folder of a model uses. */
  private async removeUnused(manifest: Manifest | undefined): Promise<void> {
    const used = new Set(manifest?.files.map(({ sha256 }) => sha256));
    for (const name of await readdir(this.blobs)) {
      const path = join(this.blobs, name);
      if (!used.has(name) && (await stat(path)).nlink === 1) await rm(path);
    }
  }
}

function firstOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash);
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder)) sum += (await stat(join(folder, name))).size;
  return sum;
}

/**
 * Links `target` to the content at `path`, or copies it where the file system has no hard links.
 * @throws the system's error; EEXIST if names differ only in their case, and the file system does not distinguish them.
 */
async function linkOrCopy(path: string, target: string): Promise<void> {
  await link(path, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOSPC') throw error;
    return copyFile(path, target, constants.COPYFILE_EXCL);
  });
}

async function isSame(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([path, other].map((file) => stat(file).catch(() => undefined)));
  return one !== undefined && one.ino === two?.ino;
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
