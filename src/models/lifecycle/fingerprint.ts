import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A text that is another one when a file below `folder` has been written, replaced, added or removed: of each its
 * name, size, time and inode. Names that start with `.` do not count; a folder that is not there is empty.
 */
export async function fingerprintOf(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const counted = names.filter((name) => !/(^|\/)\./.test(name)).toSorted();
  const files = await Promise.all(counted.map((name) => describe(folder, name)));
  return files.join('\n');
}

async function describe(folder: string, name: string): Promise<string> {
  const found = await stat(join(folder, name)).catch(() => undefined);
  // The time of a folder tells of names in it that do not count.
  if (found === undefined || found.isDirectory()) return name;
  return `${name} ${found.size} ${found.mtimeMs} ${found.ino}`;
}
