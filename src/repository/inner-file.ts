import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Maximum size of a label file in bytes, enough for hundreds of thousands of labels. */
export const LABEL_BYTES = 4 * 2 ** 20;
/** Maximum size of a warm-up file in bytes. Generated warm-up inputs have the same limit. */
export const WARM_UP_BYTES = 256 * 2 ** 20;

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: ', the user of the gateway has no permission',
  ELOOP: ', its symbolic links form a loop',
  EXDEV:
    ', it is in the file system of another container; mount the models as a volume, such as an image volume',
};

/** A file that cannot be read. The message is the reason; `code` is the system's error code, if it came from the system. */
export class UnreadableFile extends Error {
  constructor(
    reason: string,
    readonly code?: string,
  ) {
    super(reason);
  }
}

/** Describes an error of the file system: its code, and the meaning of less common codes. */
export function systemReason({ code = 'unknown' }: NodeJS.ErrnoException): string {
  return `${code}${MEANINGS[code] ?? ''}`;
}

/**
 * Reads the file `name` in `folder`. The file must be inside `repository` after links are resolved.
 * @param limit maximum size in bytes.
 * @throws UnreadableFile as {@link readSmallFile} does, and if the file is outside the repository.
 */
export async function readInnerFile(
  folder: string,
  name: string,
  repository: string,
  limit: number,
): Promise<Buffer> {
  return readSmallFile(await innerPath(folder, name, repository), limit);
}

/**
 * Returns the real path of the regular file `name` in `folder`, without reading it.
 * @param limit maximum size in bytes.
 * @throws UnreadableFile as {@link readInnerFile} does.
 */
export async function findInnerFile(
  folder: string,
  name: string,
  repository: string,
  limit: number,
): Promise<string> {
  const path = await innerPath(folder, name, repository);
  const stats = await orUnreadable(stat(path));
  requireRegular(stats.isFile());
  requireSize(stats.size, limit);
  return path;
}

/** Reads a UTF-8 text file like {@link readInnerFile}, without its byte order mark. */
export async function readInnerText(
  folder: string,
  name: string,
  repository: string,
  limit: number,
): Promise<string> {
  return new TextDecoder().decode(await readInnerFile(folder, name, repository, limit));
}

/**
 * Reads the file at `path`. Only regular files are read: a pipe could block forever, and a device may never end.
 * @param limit maximum size in bytes.
 * @throws UnreadableFile
 */
export async function readSmallFile(path: string, limit: number): Promise<Buffer> {
  // A socket cannot be opened, and opening a device can have side effects.
  requireRegular((await orUnreadable(stat(path))).isFile());
  const file = await orUnreadable(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    // The file may have been replaced before it was opened.
    const stats = await file.stat();
    requireRegular(stats.isFile());
    requireSize(stats.size, limit);
    return await orUnreadable(file.readFile());
  } finally {
    await file.close();
  }
}

/** The real path of `name` in `folder`. @throws UnreadableFile if it is outside `repository`. */
async function innerPath(folder: string, name: string, repository: string): Promise<string> {
  const path = await orUnreadable(realpath(join(folder, name)));
  if (relative(repository, path).split('/')[0] === '..')
    throw new UnreadableFile('it is outside the model repository');
  return path;
}

function requireSize(size: number, limit: number): void {
  if (size > limit) throw new UnreadableFile(`it has ${size} bytes, but the limit is ${limit}`);
}

function requireRegular(isFile: boolean): void {
  if (!isFile) throw new UnreadableFile('it is not a regular file');
}

async function orUnreadable<T>(result: Promise<T>): Promise<T> {
  return result.catch((error: NodeJS.ErrnoException) => {
    throw new UnreadableFile(systemReason(error), error.code);
  });
}
