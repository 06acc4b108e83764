import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import type { Overrides } from '../../repository/overrides/overrides';

/** What a file, and a folder, takes at least on most file systems. */
const BLOCK = 4096;

/** Bounds of what clients may load, all of them together. */
@Injectable()
export class LoadLimits {
  /** Bytes of the files that clients have sent, on disk or on the way there. */
  private bytes = 0;
  /** Versions on the way to be served, beside those that are. */
  private loading = 0;

  constructor(private readonly config: Config) {}

  /**
   * Takes room for `files`. Returns what gives it back.
   * @throws NexusError load_limit when there is none.
   */
  takeFiles(files: Overrides['files']): () => void {
    const { overrideSize: limit } = this.config;
    const bytes = bytesOf(files);
    if (this.bytes + bytes > limit)
      throw errors.loadLimit(
        `the files take ${bytes} bytes in blocks of ${BLOCK}, and ${this.bytes} of the ${limit} for files of load requests are taken; unload models that were loaded with files, put the model into the repository, or raise NEXUS_OVERRIDE_SIZE`,
      );
    this.bytes += bytes;
    return () => (this.bytes -= bytes);
  }

  /**
   * Runs `load`, which brings `more` versions beside those that are `served`.
   * @throws NexusError load_limit when these are too many.
   */
  async whileLoading(served: number, more: number, load: () => Promise<void>): Promise<void> {
    const { maxVersions: limit } = this.config;
    if (more > 0 && served + this.loading + more > limit)
      throw errors.loadLimit(
        `${served} versions of models are served and ${this.loading} more are loading, of at most ${limit}, and this would be ${more} more; unload some, or raise NEXUS_MAX_VERSIONS`,
      );
    this.loading += more;
    try {
      await load();
    } finally {
      this.loading -= more;
    }
  }
}

/** What `files` take on disk with their folders, at most. */
function bytesOf(files: Overrides['files']): number {
  let bytes = 0;
  for (const [path, content] of files)
    bytes += Math.ceil(content.byteLength / BLOCK) * BLOCK + path.split('/').length * BLOCK;
  return bytes;
}
