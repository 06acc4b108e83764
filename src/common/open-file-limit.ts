import { readFile } from 'node:fs/promises';

/** A lower limit of open files allows few connections. Nexus warns about it. */
export const SMALL_LIMIT = 1024;

/** Maximum number of descriptors of this process. Node raises the soft limit to the hard one. Infinity if unknown. */
export async function openFileLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
}
