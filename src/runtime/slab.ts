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

/** Above this many bytes, copying and truncating use asynchronous calls, so that they do not block the event loop. */
const SYNC_LIMIT = 1 << 20;

/** Minimum size to keep when shrinking. Allocating it again for the next batch would cost page faults. */
const KEEP_BYTES = 1 << 20;

/** A slab shrinks when it exceeds SPARE times the mean batch size, to KEPT_SPARE times that size. */
const SPARE = 4;
const KEPT_SPARE = 2;

/** Weight of a batch in the moving average of batch sizes. */
const WEIGHT = 1 / 8;

/** Folders to try, in order. The first is in memory on every Linux. */
const FOLDERS = ['/dev/shm', tmpdir()];

/**
 * Memory shared by the gateway and one runner: a file on tmpfs that is unlinked once the spawner has opened it for the
 * runner. It grows on writes, and is freed when both processes have closed it.
 */
export class Slab {
  /** Asynchronous calls in flight. The descriptor stays open until they end, because its number could be reused. */
  private pending = 0;
  private closing = false;
  /** Upper bound of the file size, unless a run has failed. */
  private size = 0;
  /** Moving average of batch sizes, in bytes. Starts at 0, so the first batches are underestimated. */
  private meanSize = 0;

  private constructor(
    /** Path that the spawner opens and unlinks. */
    readonly path: string,
    private readonly fd: number,
  ) {}

  /** Opens an empty slab. @throws the last system error if no folder is writable. */
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

  /** Writes `chunks` consecutively, starting at `offset`. @throws RunFailure `no_room` if the file system is full. */
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

  /** Reads `byteLength` bytes at `offset` into a new buffer. Undefined if the slab ends before. */
  async read(offset: number, byteLength: number): Promise<Buffer | undefined> {
    // The number comes from the runner. Allocate no more than it has written.
    if (offset + byteLength > fstatSync(this.fd).size) return undefined;
    const buffer = Buffer.allocUnsafeSlow(byteLength);
    if (byteLength === 0) return buffer;
    if (byteLength <= SYNC_LIMIT) readSync(this.fd, buffer, 0, byteLength, offset);
    else await this.hold(readAsync(this.fd, buffer, 0, byteLength, offset));
    return buffer;
  }

  /**
   * Frees memory that recent batches have not needed. Call it after each batch. Returns undefined if there is none.
   * @param byteLength size of the batch in the slab.
   */
  shrink(byteLength: number): Promise<void> | undefined {
    this.size = Math.max(this.size, byteLength);
    this.meanSize += (byteLength - this.meanSize) * WEIGHT;
    if (this.size <= Math.max(KEEP_BYTES, SPARE * this.meanSize)) return undefined;
    return this.truncate(Math.max(KEEP_BYTES, Math.ceil(KEPT_SPARE * this.meanSize)));
  }

  /** Frees all memory. Call it after a failed run, because the size of the file is then unknown. */
  async clear(): Promise<void> {
    if (this.closing) return;
    this.size = fstatSync(this.fd).size;
    await this.truncate(0);
  }

  /** Closes the descriptor once calls in flight have ended. The slab must not be used afterwards. */
  close(): void {
    this.closing = true;
    // The file still has a name if its runner could not be started.
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

  /** Makes the failure of a run for which `what`, for example `12 bytes of inputs`, does not fit. */
  noRoom(what: string): RunFailure {
    return new RunFailure(
      'no_room',
      `${dirname(this.path)} has no space for ${what}; send fewer rows per request, or enlarge it (docker run --shm-size=1g)`,
    );
  }

  private async truncate(byteLength: number): Promise<void> {
    // Once closed, the descriptor number may belong to another file.
    if (this.closing) return;
    if (this.size - byteLength <= SYNC_LIMIT) ftruncateSync(this.fd, byteLength);
    else await this.hold(ftruncateAsync(this.fd, byteLength));
    this.size = byteLength;
  }
}

/** Whether the file system is full, or the file exceeds the maximum file size. */
function isNoRoom(error: unknown): boolean {
  return ['ENOSPC', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
