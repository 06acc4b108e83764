import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncate,
  ftruncateSync,
  openSync,
  read,
  readSync,
  rmSync,
  writev,
  writevSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RunFailure } from './run-failure';

const readAsync = promisify(read);
const writevAsync = promisify(writev);
const ftruncateAsync = promisify(ftruncate);

/** Copying or giving back more than this many bytes uses the asynchronous calls, so as not to hold the event loop. */
const SYNC_LIMIT = 1 << 20;

/** A slab is not cut back below this: the next batch would have to get the memory anew, which costs page faults. */
const KEEP_BYTES = 1 << 20;

/** How many times the size of usual batches a slab may have before it is cut back, and is cut back to. */
const SPARE = 4;
const KEPT_SPARE = 2;

/** Weight of one batch in the mean that tells which size is usual. */
const WEIGHT = 1 / 8;

/** Folders tried in order; the first is memory on every Linux. */
const FOLDERS = ['/dev/shm', tmpdir()];

/**
 * Memory shared by the gateway and one runner: a file on tmpfs that the runner inherits, and that has no name from then
 * on. It grows with what is written, and is gone when both processes have closed it.
 */
export class Slab {
  /** Asynchronous calls under way: the descriptor is not closed under them, its number may be given anew at once. */
  private pending = 0;
  private closing = false;
  /** Bytes that it takes at most, unless a run has failed. */
  private size = 0;
  /** Mean size of the recent batches, in bytes. The first ones are not usual yet. */
  private usual = 0;

  private constructor(
    /** Where the runner's process finds it, to take its name away. */
    readonly path: string,
    private readonly fd: number,
  ) {}

  /** Opens an empty slab. @throws the last system error when no folder can be written. */
  static open(): Slab {
    let failure: unknown;
    for (const folder of FOLDERS) {
      const path = join(folder, `nexus-${randomUUID()}`);
      try {
        const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
        return new Slab(path, fd);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Writes `chunks` one after another from `offset` on. @throws RunFailure `no_room` when the file system is full. */
  async write(chunks: readonly Uint8Array[], byteLength: number, offset: number): Promise<void> {
    const buffers = chunks as Uint8Array[];
    try {
      const written =
        byteLength <= SYNC_LIMIT
          ? writevSync(this.fd, buffers, offset)
          : (await this.hold(writevAsync(this.fd, buffers, offset))).bytesWritten;
      if (written < byteLength) throw this.noRoom(`${byteLength} bytes of inputs`);
    } catch (error) {
      throw isNoRoom(error) ? this.noRoom(`${byteLength} bytes of inputs`) : error;
    }
  }

  /** Reads `byteLength` bytes from `offset` on into a buffer of their own. */
  async read(offset: number, byteLength: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(byteLength);
    if (byteLength === 0) return buffer;
    if (byteLength <= SYNC_LIMIT) readSync(this.fd, buffer, 0, byteLength, offset);
    else await this.hold(readAsync(this.fd, buffer, 0, byteLength, offset));
    return buffer;
  }

  /** A batch that took `byteLength` bytes is done: gives memory back that batches do not usually take. */
  async shrink(byteLength: number): Promise<void> {
    this.size = Math.max(this.size, byteLength);
    this.usual += (byteLength - this.usual) * WEIGHT;
    if (this.size <= Math.max(KEEP_BYTES, SPARE * this.usual)) return;
    await this.truncate(Math.max(KEEP_BYTES, Math.ceil(KEPT_SPARE * this.usual)));
  }

  /** A run has failed, and what it has left is not known: gives all memory back. */
  async clear(): Promise<void> {
    if (this.closing) return;
    this.size = fstatSync(this.fd).size;
    await this.truncate(0);
  }

  /** Closes this side's descriptor, once calls under way are done. Nothing may be copied after this. */
  close(): void {
    this.closing = true;
    // A runner that could not be started has left the name.
    rmSync(this.path, { force: true });
    if (this.pending === 0) closeSync(this.fd);
  }

  private async hold<T>(call: Promise<T>): Promise<T> {
    this.pending++;
    try {
      return await call;
    } finally {
      this.pending--;
      if (this.closing && this.pending === 0) closeSync(this.fd);
    }
  }

  /** The failure of a run for which there is no room for `what`, e.g. `12 bytes of inputs`. */
  noRoom(what: string): RunFailure {
    return new RunFailure(
      'no_room',
      `${dirname(this.path)} has no room for ${what}; send fewer rows per request, or enlarge it (docker run --shm-size=1g)`,
    );
  }

  private async truncate(byteLength: number): Promise<void> {
    // Once closed, its number may be that of another file.
    if (this.closing) return;
    if (this.size - byteLength <= SYNC_LIMIT) ftruncateSync(this.fd, byteLength);
    else await this.hold(ftruncateAsync(this.fd, byteLength));
    this.size = byteLength;
  }
}

/** Whether the file system is full, or files may not be as large. */
function isNoRoom(error: unknown): boolean {
  return ['ENOSPC', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
