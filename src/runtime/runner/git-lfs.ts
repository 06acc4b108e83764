import { closeSync, openSync, readSync } from 'node:fs';

/** Start of a pointer, which Git LFS leaves in place of a file that it has not fetched. */
const START = Buffer.from('version https://git-lfs.github.com/spec/');

/** Error text for a pointer, with advice. */
export const LFS_REMEDY = 'a Git LFS pointer, not the file itself; fetch it with `git lfs pull`';

/** Whether the file at `path` is a Git LFS pointer. @throws Error if it cannot be read. */
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
