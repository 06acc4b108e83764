import { closeSync, openSync, readSync } from 'node:fs';

/** How each pointer begins that Git LFS leaves in place of a file it has not fetched. */
const START = Buffer.from('version https://git-lfs.github.com/spec/');

/** What to do about a pointer. */
export const LFS_REMEDY = 'a Git LFS pointer, and not the file itself; fetch it with `git lfs pull`';

/** Whether the file at `path` is a pointer of Git LFS. @throws Error when it cannot be read. */
export function isLfsPointer(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(START.length);
    readSync(fd, start, 0, start.length, 0);
    return start.equals(START);
  } finally {
    closeSync(fd);
  }
}
