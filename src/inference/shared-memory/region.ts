import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import type { MemorySlice } from './memory-slice';

/** A registered region, with the field names of the extension. Sizes are in bytes. */
export interface RegionStatus {
  readonly name: string;
  /** Name of the shared memory object, as in shm_open. */
  readonly key: string;
  /** Offset of the region in the file. */
  readonly offset: number;
  readonly byte_size: number;
}

/** Do not follow links, and neither block nor create or truncate the file. */
const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Maximum number of bytes to copy in one system call. */
const MAX_COPY = 2 ** 30;

/** What the key names instead of a usable file, by error code. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ELOOP: 'a symbolic link',
  EISDIR: 'a folder',
  ENXIO: 'a special file',
  ENODEV: 'a special file',
  EACCES: 'an inaccessible file',
  EPERM: 'an inaccessible file',
  EROFS: 'a read-only file',
  ETXTBSY: 'a running program',
  ENAMETOOLONG: 'a name that is too long',
};

/**
 * A region of a file that clients share with the gateway. It is copied, never mapped: the client may truncate the file
 * at any time, and accessing a page that no longer exists kills the process.
 */
export class Region {
  private users = 0;
  private isRegistered = true;

  private constructor(
    readonly status: RegionStatus,
    private readonly file: FileHandle,
  ) {}

  /** Opens `filename` in `folder`. @throws NexusError invalid_input if it is not a regular file, or too short. */
  static async open(folder: string, filename: string, status: RegionStatus): Promise<Region> {
    const file = await open(join(folder, filename), FLAGS).catch((error: NodeJS.ErrnoException) => {
      const kind = REFUSALS[error.code ?? ''];
      throw kind === undefined ? error : notAFile(status, kind);
    });
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw notAFile(status, 'a special file');
      requireSize(status, stats.size);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new Region(status, file);
  }

  /** @throws NexusError invalid_input unless `slice` is within the region. */
  requireWithin({ offset, byteSize }: MemorySlice): void {
    const { name, byte_size: size } = this.status;
    if (offset + byteSize <= size) return;
    throw errors.invalidInput(
      `shared memory region '${name}' has ${size} bytes, too few for ${byteSize} bytes at offset ${offset}`,
    );
  }

  /** Returns a copy of `byteSize` bytes at `offset`. @throws NexusError invalid_input if the file has become too short. */
  async read(offset: number, byteSize: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(byteSize);
    const start = this.status.offset + offset;
    for (let at = 0; at < byteSize;) {
      const { bytesRead } = await this.file.read(bytes, at, Math.min(byteSize - at, MAX_COPY), start + at);
      if (bytesRead === 0) throw this.shrunk();
      at += bytesRead;
    }
    return bytes;
  }

  /** Copies `bytes` to `offset`. @throws NexusError invalid_input if the file has become too short; no_room. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const start = this.status.offset + offset;
    // Writing beyond the end would extend the client's file.
    if ((await this.file.stat()).size < start + bytes.byteLength) throw this.shrunk();
    for (let at = 0; at < bytes.byteLength;) {
      const length = Math.min(bytes.byteLength - at, MAX_COPY);
      at += (await this.file.write(bytes, at, length, start + at).catch((error) => this.fail(error)))
        .bytesWritten;
    }
  }

  /** Keeps the file open until {@link release}, even if the region is unregistered. */
  hold(): void {
    this.users++;
  }

  /** Reverts one {@link hold}. */
  async release(): Promise<void> {
    this.users--;
    await this.closeUnused();
  }

  /** Closes the file when no request uses it any more. */
  async unregister(): Promise<void> {
    this.isRegistered = false;
    await this.closeUnused();
  }

  private async closeUnused(): Promise<void> {
    if (this.users === 0 && !this.isRegistered) await this.file.close();
  }

  private shrunk(): NexusError {
    const { name, key } = this.status;
    return errors.invalidInput(
      `the file ${key} of shared memory region '${name}' is now shorter than the region; register the region again`,
    );
  }

  private fail(error: NodeJS.ErrnoException): never {
    if (error.code !== 'ENOSPC') throw error;
    const { name } = this.status;
    throw errors.noRoom(
      `the file system of shared memory region '${name}' is full; free some space, or enlarge it (docker run --shm-size=1g)`,
    );
  }
}

function notAFile({ key }: RegionStatus, kind: string): NexusError {
  return errors.invalidInput(
    `key: expected the name of a file in the folder of NEXUS_SYSTEM_SHARED_MEMORY that the gateway may read and write, got ${kind} at ${JSON.stringify(key)}`,
    'key',
  );
}

function requireSize({ key, offset, byte_size: byteSize }: RegionStatus, size: number): void {
  if (offset + byteSize <= size) return;
  throw errors.invalidInput(
    `byte_size: the file ${JSON.stringify(key)} has ${size} bytes, too few for ${byteSize} bytes at offset ${offset}`,
    'byte_size',
  );
}
