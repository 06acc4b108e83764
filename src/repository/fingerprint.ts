import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { FoundModel } from './repository';

/** Maximum number of files and folders to include: the folder of a bare model file may be a home folder. */
const MAX_ENTRIES = 10_000;

/**
 * Returns a text that changes when a file of a version changes: one in the folder of its ONNX file at `path`, or its
 * `tokenizer`, which can be elsewhere. Other files of a Hugging Face folder are in the definition of its task.
 */
export async function versionFingerprint(
  path: string,
  tokenizer: string | undefined,
  root: string,
): Promise<string> {
  const print = await fingerprintOf(dirname(path), root);
  if (tokenizer === undefined) return print;
  const stats = await stat(tokenizer).catch(() => undefined);
  return `${print}\n${stats === undefined ? tokenizer : lineOf(tokenizer, stats)}`;
}

/**
 * Returns a text that changes when a file below `folder` is written, replaced, added or removed, or its permissions
 * change. It lists the name, size, modification time, inode and mode of each file. Names that start with `.` are
 * ignored. An unreadable folder counts as empty. Folders outside `root`, and folders already visited through another
 * link, are skipped.
 */
export async function fingerprintOf(folder: string, root: string): Promise<string> {
  const lines: string[] = [];
  const seen = new Set<string>();
  const walk = async (inner: string): Promise<void> => {
    const path = await realpath(join(folder, inner)).catch(() => undefined);
    if (path === undefined || seen.has(path) || relative(root, path).split('/')[0] === '..') return;
    seen.add(path);
    const names = await readdir(path).catch(() => []);
    const included = names
      .filter((name) => !name.startsWith('.'))
      .toSorted()
      .slice(0, MAX_ENTRIES - lines.length);
    const found = await Promise.all(included.map((name) => stat(join(path, name)).catch(() => undefined)));
    for (const [index, name] of included.entries()) {
      const shown = join(inner, name);
      const stats = found[index];
      // The modification time of a folder also changes with ignored names, so it is left out.
      if (stats === undefined || stats.isDirectory()) lines.push(shown);
      else lines.push(lineOf(shown, stats));
      if (stats?.isDirectory() === true) await walk(shown);
    }
  };
  await walk('');
  return lines.join('\n');
}

/** Like {@link fingerprintOf}, of the folder of `model`, or of its only file. */
export async function modelFingerprint({
  root,
  folder,
  settingsFile,
}: Pick<FoundModel, 'root' | 'folder' | 'settingsFile'>): Promise<string> {
  if (settingsFile === undefined) return fingerprintOf(folder, root);
  const stats = await stat(join(folder, settingsFile)).catch(() => undefined);
  return stats === undefined ? '' : lineOf(settingsFile, stats);
}

function lineOf(shown: string, { size, mtimeMs, ino, mode }: Stats): string {
  return `${shown} ${size} ${mtimeMs} ${ino} ${mode}`;
}
