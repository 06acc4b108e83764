import { createHash } from 'node:crypto';
import { chmod, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreFault, type Digest, type ObjectStore, type StoredObject } from '../store';
import { digestsOf, isMatch } from './checksum';
import type { SyncProgress } from './progress';
import type { ByteRate } from './rate-limit';

/** Attempts in a row that receive nothing. */
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 200;
const READ_ONLY = 0o444;

/** How objects are downloaded. */
export interface DownloadOptions {
  readonly store: ObjectStore;
  /** Folder of content, by SHA-256. */
  readonly blobs: string;
  /** Folder of downloads. A later download continues them. */
  readonly partial: string;
  readonly rate: ByteRate;
  /** How long a read may receive nothing, in milliseconds. */
  readonly stallMs: number;
  readonly progress: SyncProgress;
  readonly shown: string;
}

/**
 * Downloads `object` to the folder of downloads, and returns its SHA-256. A connection that ends, and an earlier download, is
 * continued. The file has the size and the digest of the store.
 * @throws StoreFault
 */
export async function download(object: StoredObject, options: DownloadOptions): Promise<string> {
  const path = join(options.partial, partialName(object));
  for (let isLast = false; ; isLast = true) {
    const late = await receiveAll(object, path, options);
    const digest = object.digest ?? late;
    const found = await digestsOf(path, object.size, digest?.algorithm);
    if (digest === undefined || isMatch(digest, found)) return found.sha256;
    await rm(path, { force: true });
    options.progress.add(-object.size);
    if (isLast)
      throw new StoreFault(
        'invalid',
        `${options.shown}: ${object.path} was received twice, and its ${digest.algorithm} is not ${digest.value}; upload it again`,
      );
  }
}

/** Moves what {@link download} has downloaded to the folder of content. @throws the system's error. */
export async function keepDownload(
  object: StoredObject,
  sha256: string,
  { partial, blobs }: DownloadOptions,
): Promise<void> {
  const path = join(partial, partialName(object));
  await chmod(path, READ_ONLY);
  await rename(path, join(blobs, sha256));
}

/** Name of the file of a download. Other content has another name. */
export function partialName({ key, tag, size }: StoredObject): string {
  return createHash('sha256').update(`${key}\n${tag}\n${size}`).digest('hex').slice(0, 32);
}

/** Receives what the file at `path` does not have. Resolves with the digest of the response, if there was one. */
async function receiveAll(
  object: StoredObject,
  path: string,
  options: DownloadOptions,
): Promise<Digest | undefined> {
  let digest: Digest | undefined;
  let before = await sizeOf(path);
  options.progress.add(before);
  for (let attempt = 0; ;) {
    try {
      digest = (await receive(object, path, before, options)) ?? digest;
      const size = await sizeOf(path);
      if (size === object.size) return digest;
      throw new StoreFault(
        size > object.size ? 'changed' : 'unreachable',
        `${options.shown}: expected ${object.size} bytes of ${object.path}, got ${size}`,
      );
    } catch (error) {
      const { kind } = error as Partial<StoreFault>;
      if (kind === 'changed') await rm(path, { force: true });
      const now = await sizeOf(path);
      attempt = now > before ? 1 : attempt + 1;
      before = now;
      if (kind !== 'unreachable' || attempt >= MAX_ATTEMPTS) throw error;
      await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

/** Receives the bytes of `object` from `from` on, and appends them to the file at `path`. */
async function receive(
  object: StoredObject,
  path: string,
  from: number,
  { store, rate, stallMs, progress, shown }: DownloadOptions,
): Promise<Digest | undefined> {
  // An object that is complete, or empty, needs no request; its digest may be known from the listing alone.
  if (from === object.size && (from > 0 || object.digest !== undefined)) {
    if (from === 0) await (await open(path, 'w')).close();
    return undefined;
  }
  const stalled = new AbortController();
  const fault = new StoreFault(
    'unreachable',
    `${shown}: received nothing of ${object.path} for ${stallMs} ms`,
  );
  let timer = setTimeout(() => stalled.abort(fault), stallMs);
  let file: FileHandle | undefined;
  try {
    const content = await store.read(object, from, stalled.signal);
    // A server without ranges begins at the first byte again.
    file = await open(path, content.from === 0 ? 'w' : 'a');
    if (content.from === 0) progress.add(-from);
    let size = content.from;
    for await (const piece of content.body) {
      clearTimeout(timer);
      size += piece.byteLength;
      if (size > object.size)
        throw new StoreFault('changed', `${shown}: ${object.path} has more than ${object.size} bytes`);
      await file.writeFile(piece);
      progress.receive(piece.byteLength);
      await rate.take(piece.byteLength);
      timer = setTimeout(() => stalled.abort(fault), stallMs);
    }
    await file.sync();
    return content.digest;
  } catch (error) {
    if (stalled.signal.aborted) throw fault;
    throw faultOf(error, `${shown}: ${object.path}`);
  } finally {
    clearTimeout(timer);
    await file?.close();
  }
}

/** An error of the disk, or of the connection. */
function faultOf(error: unknown, shown: string): unknown {
  if (error instanceof StoreFault) return error;
  const { code = '', syscall, name } = error as NodeJS.ErrnoException;
  if (syscall === 'write' || syscall === 'open' || syscall === 'fsync')
    return new StoreFault(
      'invalid',
      `${shown}: cannot write to NEXUS_MODEL_CACHE: ${code}; make room, or name a writable folder`,
    );
  return new StoreFault('unreachable', `${shown}: the connection ended: ${code || name}`);
}

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
