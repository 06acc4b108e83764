import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errors, type NexusError } from '../../common/errors';
import type { MemorySlice } from './memory-slice';

/** What was registered, by the names of the extension. Bytes. */
export interface RegionStatus {
  readonly name: string;
  /** Name of the file, as shm_open takes it. */
  readonly key: string;
  /** Start of the region in the file. */
  readonly offset: number;
  readonly byte_size: number;
}

/** Anything but a plain file is refused; none of the flags lets opening wait, or change what is there. */
const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Most bytes that Linux copies in one call. */
const MAX_COPY = 2 ** 30;

/** What a client may have named instead of a file that can be opened, by the code of the system. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ELOOP: 'a symbolic link',
  EISDIR: 'a folder',
  ENXIO: 'no regular file',
  ENODEV: 'no regular file',
  EACCES: 'a file that it may not open',
  EPERM: 'a file that it may not open',
  EROFS: 'a file that it may not write',
  ETXTBSY: 'a program that runs',
  ENAMETOOLONG: 'a name that is too long',
};

/**
 * A part of a file that clients share with the gateway. It is copied, never mapped: the client may cut the file at
 * any moment, and touching a page that is gone ends a process.
 */
export class Region {
  private users = 0;
  private isRegistered = true;

  private constructor(
    readonly status: RegionStatus,
    private readonly file: FileHandle,
  ) {}

  /** Opens `filename` in `folder`. @throws NexusError invalid_input when that is no regular file, or too short. */
  static async open(folder: string, filename: string, status: RegionStatus): Promise<Region> {
    const file = await open(join(folder, filename), FLAGS).catch((error: NodeJS.ErrnoException) => {
      const found = REFUSALS[error.code ?? ''];
      throw found === undefined ? error : notAFile(status, found);
    });
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw notAFile(status, 'no regular file');
      requireSize(status, stats.size);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new Region(status, file);
  }

  /** @throws NexusError invalid_input unless `slice` lies within the region. */
  requireWithin({ offset, byteSize }: MemorySlice): void {
    const { name, byte_size: size } = this.status;
    if (offset + byteSize <= size) return;
    throw errors.invalidInput(
      `shared memory region '${name}' has ${size} bytes, which do not hold ${byteSize} bytes at offset ${offset}`,
    );
  }

  /** A copy of `byteSize` bytes from `offset` on. @throws NexusError invalid_input when the file has become too short. */
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

  /** Copies `bytes` to `offset`. @throws NexusError invalid_input when the file has become too short; no_room. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const start = this.status.offset + offset;
    // Writing beyond its end would make the client's file longer.
    if ((await this.file.stat()).size < start + bytes.byteLength) throw this.shrunk();
    for (let at = 0; at < bytes.byteLength;) {
      const length = Math.min(bytes.byteLength - at, MAX_COPY);
      at += (await this.file.write(bytes, at, length, start + at).catch((error) => this.fail(error)))
        .bytesWritten;
    }
  }

  /** Keeps the file open until {@link release}, whoever unregisters the region. */
  hold(): void {
    this.users++;
  }

  /** Takes back one {@link hold}. */
  async release(): Promise<void> {
    this.users--;
    await this.closeUnused();
  }

  /** Closes the file, as soon as no request uses it. */
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
      `the file ${key} of shared memory region '${name}' has become shorter than the region; register it anew`,
    );
  }

  private fail(error: NodeJS.ErrnoException): never {
    if (error.code !== 'ENOSPC') throw error;
    const { name } = this.status;
    throw errors.noRoom(
      `the file system of shared memory region '${name}' is full; free some of it, or enlarge it (docker run --shm-size=1g)`,
    );
  }
}

function notAFile({ key }: RegionStatus, found: string): NexusError {
  return errors.invalidInput(
    `key: expected the name of a file in the folder of NEXUS_SYSTEM_SHARED_MEMORY that the gateway may read and write, got ${found} at ${JSON.stringify(key)}`,
    'key',
  );
}

function requireSize({ key, offset, byte_size: byteSize }: RegionStatus, size: number): void {
  if (offset + byteSize <= size) return;
  throw errors.invalidInput(
    `byte_size: the file ${JSON.stringify(key)} has ${size} bytes, which do not hold ${byteSize} bytes at offset ${offset}`,
    'byte_size',
  );
}
