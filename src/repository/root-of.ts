import { realpath, stat } from 'node:fs/promises';

/** Attempts, because an operator may replace a link at any time. */
const ATTEMPTS = 2;

/**
 * The real path of a repository.
 * @throws the system's error if it cannot be read; EXDEV if it is in the file system of another container, as with KServe's
 * modelcars. `/proc/<pid>/root/models` leads there, but its real path is `/models`, which may be another folder here.
 */
export async function rootOf(path: string): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { dev, ino } = await stat(path);
    const root = await realpath(path).catch(() => undefined);
    const found = root === undefined ? undefined : await stat(root).catch(() => undefined);
    if (found?.ino === ino && found.dev === dev) return root!;
  }
  throw Object.assign(new Error(`${path} is in the file system of another container`), { code: 'EXDEV' });
}
