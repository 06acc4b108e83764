import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Most files and folders that count: the folder of a bare model file may be a home folder. */
const MAX_ENTRIES = 10_000;

/**
 * A text that is another one when a file below `folder` has been written, replaced, added or removed, or has got other
 * permissions: of each its name, size, time, inode and mode. Names that start with `.` do not count; a folder that cannot
 * be read is empty, and one that links lead to a second time, or outside `root`, is not looked into.
 */
export async function fingerprintOf(folder: string, root: string): Promise<string> {
  const lines: string[] = [];
  const seen = new Set<string>();
  const walk = async (inner: string): Promise<void> => {
    const path = await realpath(join(folder, inner)).catch(() => undefined);
    if (path === undefined || seen.has(path) || relative(root, path).split('/')[0] === '..') return;
    seen.add(path);
    const names = await readdir(path).catch(() => []);
    const counted = names
      .filter((name) => !name.startsWith('.'))
      .toSorted()
      .slice(0, MAX_ENTRIES - lines.length);
    const found = await Promise.all(counted.map((name) => stat(join(path, name)).catch(() => undefined)));
    for (const [index, name] of counted.entries()) {
      const shown = join(inner, name);
      const stats = found[index];
      // The time of a folder tells of names in it that do not count.
      if (stats === undefined || stats.isDirectory()) lines.push(shown);
      else lines.push(`${shown} ${stats.size} ${stats.mtimeMs} ${stats.ino} ${stats.mode}`);
      if (stats?.isDirectory() === true) await walk(shown);
    }
  };
  await walk('');
  return lines.join('\n');
}
