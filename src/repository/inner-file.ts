import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Most bytes of a file of labels: some hundred thousand. */
export const LABEL_BYTES = 4 * 2 ** 20;
/** Most bytes of a file of a warm-up; an input of one that is made up has the same limit. */
export const WARM_UP_BYTES = 256 * 2 ** 20;

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: ', the user of the gateway has no permission',
  ELOOP: ', its links lead in a circle',
};

/** A file that cannot be read: the message says why, and `code` is that of the system, where it was the system. */
export class UnreadableFile extends Error {
  constructor(
    reason: string,
    readonly code?: string,
  ) {
    super(reason);
  }
}

/** What is said of an error of the file system: its code, and what that means where few know it. */
export function systemReason({ code = 'unknown' }: NodeJS.ErrnoException): string {
  return `${code}${MEANINGS[code] ?? ''}`;
}

/**
 * Reads `name` in `folder`, which must not lead outside `repository`.
 * @param limit most bytes.
 * @throws UnreadableFile as {@link readSmallFile} does, and when the file is outside.
 */
export async function readInnerFile(
  folder: string,
  name: string,
  repository: string,
  limit: number,
): Promise<Buffer> {
  const path = await orUnreadable(realpath(join(folder, name)));
  if (relative(repository, path).split('/')[0] === '..')
    throw new UnreadableFile('it is outside the model repository');
  return readSmallFile(path, limit);
}

/** As {@link readInnerFile}, a file of text in UTF-8; a byte order mark at its start is skipped. */
export async function readInnerText(
  folder: string,
  name: string,
  repository: string,
  limit: number,
): Promise<string> {
  return new TextDecoder().decode(await readInnerFile(folder, name, repository, limit));
}

/**
 * Reads the file at `path`. Nothing but a regular file is read: a pipe would be waited for without end, and a device
 * may have no end.
 * @param limit most bytes.
 * @throws UnreadableFile
 */
export async function readSmallFile(path: string, limit: number): Promise<Buffer> {
  // A socket cannot be opened, and a device may do something when it is.
  requireRegular((await orUnreadable(stat(path))).isFile());
  const file = await orUnreadable(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    // What was there may have been replaced before it was opened.
    const found = await file.stat();
    requireRegular(found.isFile());
    if (found.size > limit) throw new UnreadableFile(`it has ${found.size} bytes; at most ${limit}`);
    return await orUnreadable(file.readFile());
  } finally {
    await file.close();
  }
}

function requireRegular(isFile: boolean): void {
  if (!isFile) throw new UnreadableFile('it is not a regular file');
}

async function orUnreadable<T>(found: Promise<T>): Promise<T> {
  return found.catch((error: NodeJS.ErrnoException) => {
    throw new UnreadableFile(systemReason(error), error.code);
  });
}
