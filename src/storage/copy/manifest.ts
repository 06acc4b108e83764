import { existsSync } from 'node:fs';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the local copy. */
export interface CopiedFile {
  /** Path in the copy. */
  readonly path: string;
  /** The object that it is a copy of; see StoredObject. */
  readonly key: string;
  readonly size: number;
  readonly tag: string;
  /** SHA-256 of its content, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What a local copy consists of. */
export interface Manifest {
  readonly format: 1;
  readonly url: string;
  /** Tag of the listing that it was made from; empty if there is none. */
  readonly tag: string;
  /** When it was last known to be equal to the store, in milliseconds since 1970. */
  readonly checkedAt: number;
  readonly files: readonly CopiedFile[];
}

const FILE = 'manifest.json';

/** Whether there is a manifest in `folder`, whole or not. */
export function hasManifest(folder: string): boolean {
  return existsSync(join(folder, FILE));
}

/** Reads the manifest in `folder`; undefined if there is none, or content in `blobs` is missing. */
export async function readManifest(folder: string, blobs: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, FILE), 'utf8')) as Manifest;
    if (manifest.format !== 1) return undefined;
    for (const { sha256, size } of manifest.files)
      if ((await stat(join(blobs, sha256))).size !== size) return undefined;
    return manifest;
  } catch {
    // It is downloaded again.
    return undefined;
  }
}

/** Replaces the manifest in `folder`: after a crash it is the old or the new one. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, FILE);
  const file = await open(`${path}.next`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.next`, path);
}

/** Name of the model that the file at `path` in a copy belongs to. */
export function copiedModelOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path.replace(/\.yaml$/, '') : path.slice(0, slash);
}
