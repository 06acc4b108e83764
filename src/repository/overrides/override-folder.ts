import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { errors } from '../../common/errors';

/** Folders there are. None is left behind when the gateway exits. */
const alive = new Set<string>();
process.once('exit', () => alive.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A model's folder that a client sent: in the temporary folder, and for nobody else to read. */
export class OverrideFolder {
  private constructor(
    /** Its real path. */
    readonly path: string,
    private readonly giveBack: () => void,
  ) {
    alive.add(path);
  }

  /**
   * Makes a folder of `files`, contents by path; the paths must not leave it.
   * @param giveBack called once they are removed again, or could not be written.
   * @throws NexusError no_room when they cannot be written.
   */
  static async write(files: ReadonlyMap<string, Uint8Array>, giveBack: () => void): Promise<OverrideFolder> {
    let folder: OverrideFolder | undefined;
    try {
      folder = new OverrideFolder(await realpath(await mkdtemp(join(tmpdir(), 'nexus-model-'))), giveBack);
      for (const [path, content] of files) await folder.add(path, content);
      return folder;
    } catch (error) {
      if (folder === undefined) giveBack();
      else await folder.remove();
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw errors.noRoom(
        `the files cannot be written to the temporary folder: ${code}; set TMPDIR to another`,
      );
    }
  }

  /** Removes it with all that is in it. Never rejects. */
  async remove(): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
      if (alive.delete(this.path)) this.giveBack();
    } catch (error) {
      new Logger('Models').warn(`${this.path} cannot be removed: ${(error as NodeJS.ErrnoException).code}`);
    }
  }

  private async add(path: string, content: Uint8Array): Promise<void> {
    const target = join(this.path, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
