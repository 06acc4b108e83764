import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
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

/** Copies above this many bytes use the asynchronous calls, so that they do not hold the event loop. */
const SYNC_LIMIT = 1 << 20;

/** A slab that grew beyond this is cut back after the batch: memory of one huge request is not kept. */
const KEEP_BYTES = 64 << 20;

/** Folders tried in order; the first is memory on every Linux. */
const FOLDERS = ['/dev/shm', tmpdir()];

/**
 * Memory shared by the gateway and one runner: a file on tmpfs that the runner inherits, and that has no name from then
 * on. It grows with what is written, and is gone when both processes have closed it.
 */
export class Slab {
  /** Asynchronous copies under way: the descriptor is not closed under them, its number may be given anew at once. */
  private pending = 0;
  private closing = false;

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
      if (written < byteLength) throw this.noRoom(byteLength);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? this.noRoom(byteLength) : error;
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

  /** Gives memory back to the system if the slab has grown to `byteLength` beyond what is worth keeping. */
  shrink(byteLength: number): void {
    if (byteLength > KEEP_BYTES) ftruncateSync(this.fd, 0);
  }

  /** Closes this side's descriptor, once copies under way are done. Nothing may be copied after this. */
  close(): void {
    this.closing = true;
    // A runner that could not be started has left the name.
    rmSync(this.path, { force: true });
    if (this.pending === 0) closeSync(this.fd);
  }

  private async hold<T>(copy: Promise<T>): Promise<T> {
    this.pending++;
    try {
      return await copy;
    } finally {
      this.pending--;
      if (this.closing && this.pending === 0) closeSync(this.fd);
    }
  }

  private noRoom(byteLength: number): RunFailure {
    return new RunFailure(
      'no_room',
      `${dirname(this.path)} has no room for ${byteLength} bytes of tensors; send fewer rows a request, or enlarge it (docker run --shm-size=1g)`,
    );
  }
}
