import { stat } from 'node:fs/promises';

/** Text that changes with the file at `path`, also if the file is replaced or removed. */
export function stampOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}
