import { createHash, randomUUID } from 'node:crypto';
import {
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

/** Content that no model of the copy uses. */
interface Unused {
  readonly path: string;
  readonly size: number;
  readonly since: number;
}

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
    const wanted = new Map<string, string>();
    for (const [name, files] of Map.groupBy(manifest.files, ({ path }) => firstOf(path))) {
      const isFile = files[0]!.path === name;
      wanted.set(name, isFile ? join(this.blobs, files[0]!.sha256) : await this.treeOf(name, files));
    }
    for (const [name, target] of wanted) await this.show(name, target);
    for (const name of await readdir(this.models))
      if (name !== TREES && !wanted.has(name)) {
        await this.retire(name);
        await rm(join(this.models, name), { recursive: true, force: true });
      }
  }

  /** Bytes of content, and of downloads that have not finished. */
  async usedBytes(): Promise<number> {
    let sum = 0;
    for (const folder of [this.blobs, this.partial])
      for (const name of await readdir(folder)) sum += (await stat(join(folder, name))).size;
    return sum;
  }

  /**
   * Removes content that no model uses, the least recently used first, until at most `limit` bytes are used.
   * @returns whether no more are used.
   */
  async evict(limit: number, manifest: Manifest | undefined): Promise<boolean> {
    let used = await this.usedBytes();
    for (const { path, size } of await this.unused(manifest)) {
      if (used <= limit) break;
      await rm(path, { force: true });
      used -= size;
    }
    return used <= limit;
  }

  /**
   * Like {@link evict}, and then also removes models that were replaced, the oldest first.
   * @param inUse paths of files that must stay.
   */
  async makeRoom(limit: number, manifest: Manifest | undefined, inUse: readonly string[]): Promise<boolean> {
    if (await this.evict(limit, manifest)) return true;
    for (const path of await this.retired(inUse)) {
      await rm(path, { recursive: true, force: true });
      if (await this.evict(limit, manifest)) return true;
    }
    return false;
  }

  /** Removes models that were replaced a while ago, and downloads other than `wanted`, which will not be continued. */
  async tidy(inUse: readonly string[], wanted: ReadonlySet<string>): Promise<void> {
    for (const path of await this.retired(inUse))
      if (Date.now() - (await stat(path)).mtimeMs > GRACE_MS)
        await rm(path, { recursive: true, force: true });
    for (const name of await readdir(this.partial))
      if (!wanted.has(name)) await rm(join(this.partial, name), { force: true });
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
  private async show(name: string, target: string): Promise<void> {
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

  /** Content that neither `manifest` nor a folder of a model uses, the least recently used first. */
  private async unused(manifest: Manifest | undefined): Promise<readonly Unused[]> {
    const used = new Set(manifest?.files.map(({ sha256 }) => sha256));
    const found: Unused[] = [];
    for (const name of await readdir(this.blobs)) {
      if (used.has(name)) continue;
      const path = join(this.blobs, name);
      // The change time is when the last link to it was removed.
      const { nlink, size, ctimeMs: since } = await stat(path);
      if (nlink === 1) found.push({ path, size, since });
    }
    return found.toSorted((one, other) => one.since - other.since);
  }
}

function firstOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash);
}

/** Links `target` to the content at `path`, or copies it where the file system has no hard links. */
async function linkOrCopy(path: string, target: string): Promise<void> {
  await link(path, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOSPC') throw error;
    await copyFile(path, target);
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
