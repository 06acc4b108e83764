import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { errors } from '../../common/errors';

/** Existing folders. They are deleted when the gateway exits. */
const alive = new Set<string>();
process.once('exit', () => alive.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** The folder of a model that a client sent, inside the temporary folder. Only the user of the gateway can read it. */
export class OverrideFolder {
  private constructor(
    /** Its real path. */
    readonly path: string,
    private readonly release: () => void,
  ) {
    alive.add(path);
  }

  /**
   * Writes `files`, contents by relative path, to a new folder. The paths must stay inside it.
   * @param release called once the files are removed, or could not be written.
   * @throws NexusError no_room if they cannot be written.
   */
  static async write(files: ReadonlyMap<string, Uint8Array>, release: () => void): Promise<OverrideFolder> {
    let folder: OverrideFolder | undefined;
    try {
      folder = new OverrideFolder(await realpath(await mkdtemp(join(tmpdir(), 'nexus-model-'))), release);
      for (const [path, content] of files) await folder.add(path, content);
      return folder;
    } catch (error) {
      if (folder === undefined) release();
      else await folder.remove();
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw errors.noRoom(
        `cannot write the files to the temporary folder: ${code}; set TMPDIR to a writable folder with enough space`,
      );
    }
  }

  /** Removes the folder and its content. Never rejects. */
  async remove(): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
      if (alive.delete(this.path)) this.release();
    } catch (error) {
      new Logger('Models').warn(`cannot remove ${this.path}: ${(error as NodeJS.ErrnoException).code}`);
    }
  }

  private async add(path: string, content: Uint8Array): Promise<void> {
    const target = join(this.path, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
