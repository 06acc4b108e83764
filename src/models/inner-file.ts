import { readFile, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Reads `name` in `folder`. @throws Error with the reason: its system code, or that the file is outside `repository`. */
export async function readInnerFile(folder: string, name: string, repository: string): Promise<Buffer> {
  try {
    const path = await realpath(join(folder, name));
    if (relative(repository, path).split('/')[0] === '..')
      throw new Error('it is outside the model repository');
    return await readFile(path);
  } catch (error) {
    throw new Error((error as NodeJS.ErrnoException).code ?? (error as Error).message, { cause: error });
  }
}
