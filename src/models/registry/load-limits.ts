import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import type { Overrides } from '../../repository/overrides/overrides';

/** Minimum disk space of a file or folder on most file systems, in bytes. */
const BLOCK = 4096;

/** Limits on models that clients load, in total over all clients. */
@Injectable()
export class LoadLimits {
  /** Bytes of the files that clients have sent, on disk or being written. */
  private bytes = 0;
  /** Versions being loaded, in addition to those being served. */
  private loading = 0;

  constructor(private readonly config: Config) {}

  /**
   * Reserves disk space for `files`. Returns a function that releases it.
   * @throws NexusError load_limit if the limit is exceeded.
   */
  takeFiles(files: Overrides['files']): () => void {
    const { overrideSize: limit } = this.config;
    const bytes = bytesOf(files);
    if (this.bytes + bytes > limit)
      throw errors.loadLimit(
        `the files need ${bytes} bytes in blocks of ${BLOCK}, but ${this.bytes} of ${limit} bytes for files of load requests are in use; unload models that were loaded with files, put the model into the repository, or raise NEXUS_OVERRIDE_SIZE`,
      );
    this.bytes += bytes;
    return () => (this.bytes -= bytes);
  }

  /**
   * Runs `load`, which adds `more` versions to the `served` ones.
   * @throws NexusError load_limit if the limit is exceeded.
   */
  async whileLoading(served: number, more: number, load: () => Promise<void>): Promise<void> {
    const { maxVersions: limit } = this.config;
    if (more > 0 && served + this.loading + more > limit)
      throw errors.loadLimit(
        `cannot load ${more} more model versions: ${served} are served and ${this.loading} are loading, and the limit is ${limit}; unload some, or raise NEXUS_MAX_VERSIONS`,
      );
    this.loading += more;
    try {
      await load();
    } finally {
      this.loading -= more;
    }
  }
}

/** Upper bound of the disk space of `files` and their folders, in bytes. */
function bytesOf(files: Overrides['files']): number {
  let bytes = 0;
  for (const [path, content] of files)
    bytes += Math.ceil(content.byteLength / BLOCK) * BLOCK + path.split('/').length * BLOCK;
  return bytes;
}
