import { mkdir, realpath, statfs } from 'node:fs/promises';
import { Semaphore } from '../../common/semaphore';
import { download, keepDownload, partialName } from '../copy/download';
import { whileLocked } from '../copy/folder-lock';
import { placeObjects, type PlacedObject } from '../copy/layout';
import { LocalCopy } from '../copy/local-copy';
import { copiedModelOf, type CopiedFile, type Manifest } from '../copy/manifest';
import { ByteRate } from '../copy/rate-limit';
import { StoreFault, type FaultKind, type ObjectStore } from '../store';
import { openStore } from '../stores/open-store';
import { SyncProgress } from '../copy/progress';

/** Number of files that are downloaded at once. */
const PARALLEL = 4;
/** Listings in a row that are outdated before all objects have been read. */
const MAX_LISTINGS = 3;
const LIST_TIMEOUT_MS = 120_000;
const CONTACT_TIMEOUT_MS = 10_000;

/** A repository at a URL, and its local copy. */
export interface SyncTask {
  readonly url: string;
  /** Folder of the copy. */
  readonly folder: string;
  /** Disk limit of the copy in bytes; 0 for none. */
  readonly limit: number;
  /** Bytes a second; 0 for no limit. */
  readonly rate: number;
  /** How long a read may receive nothing, in milliseconds. */
  readonly stallMs: number;
  /** The only model to renew; undefined for all. */
  readonly only: string | undefined;
  /** Paths of files that must stay, because models that use them are served. */
  readonly inUse: readonly string[];
  readonly progress: SharedArrayBuffer;
}

/** What a synchronisation has done. */
export interface SyncResult {
  readonly changed: boolean;
  readonly downloadedBytes: number;
  /** When the copy was last known to be equal to the store, in milliseconds since 1970; undefined if there is no whole copy. */
  readonly checkedAt: number | undefined;
  /** Number of models of the copy. */
  readonly models: number;
  /** Why it failed. The copy, if there is one, is the earlier one. */
  readonly fault?: SyncFault;
}

/** What a listing has found, or why it failed. */
export interface Contact {
  readonly files: number;
  readonly bytes: number;
  readonly fault?: SyncFault;
}

/** Why a store or its content cannot be used. The message is for operators. */
export interface SyncFault {
  readonly kind: FaultKind;
  readonly message: string;
}

/** Lists the repository at `url`, to find faults in the settings, such as a `limit` that it does not fit. */
export async function contact({ url, limit }: Pick<SyncTask, 'url' | 'limit'>): Promise<Contact> {
  try {
    const listing = await (await openStore(url)).list('', AbortSignal.timeout(CONTACT_TIMEOUT_MS));
    const placed = placeObjects(listing?.objects ?? [], url);
    requireLimit(url, placed, limit);
    return { files: placed.length, bytes: sizeOf(placed) };
  } catch (error) {
    return { files: 0, bytes: 0, fault: plainFault(error, url) };
  }
}

/** Makes the local copy equal to the repository. Downloads only what has changed. Rejects only because of faults in Nexus. */
export async function synchronise(task: SyncTask): Promise<SyncResult> {
  const progress = new SyncProgress(task.progress);
  progress.begin();
  try {
    await mkdir(task.folder, { recursive: true });
    // As the paths of models in use.
    const copy = new LocalCopy(await realpath(task.folder));
    await copy.create();
    return await whileLocked(
      task.folder,
      () => progress.wait(),
      () => renew(copy, task, progress),
    );
  } catch (error) {
    return { ...resultOf(undefined, progress, false), fault: plainFault(error, task.url) };
  } finally {
    progress.end();
  }
}

async function renew(copy: LocalCopy, task: SyncTask, progress: SyncProgress): Promise<SyncResult> {
  const before = await copy.read();
  try {
    const store = await openStore(task.url);
    const after = await nextManifest(copy, task, store, before, progress);
    await copy.apply(after);
    await copy.tidy(task.inUse, new Set(), after);
    return resultOf(after, progress, !isEqual(before, after));
  } catch (error) {
    const fault = plainFault(error, task.url);
    // A crash may have left the models of an older manifest.
    if (before !== undefined) await copy.show(before);
    return { ...resultOf(before, progress, false), fault };
  }
}

/** The manifest of what the store has now, once all content is there. @throws StoreFault */
async function nextManifest(
  copy: LocalCopy,
  task: SyncTask,
  store: ObjectStore,
  before: Manifest | undefined,
  progress: SyncProgress,
): Promise<Manifest> {
  const { url } = task;
  // A copy of one model would not be a copy of the repository.
  const only = before === undefined ? undefined : task.only;
  for (let listings = 1; ; listings++) {
    const listing = await store.list(before?.tag ?? '', AbortSignal.timeout(LIST_TIMEOUT_MS));
    if (listing === undefined) return { ...before!, checkedAt: Date.now() };
    const placed = placeObjects(listing.objects, url);
    const wanted = placed.filter(({ path }) => only === undefined || copiedModelOf(path) === only);
    const kept = before?.files.filter(({ path }) => only !== undefined && copiedModelOf(path) !== only) ?? [];
    try {
      const files = await fetchAll(copy, task, store, wanted, before, progress);
      const tag = only === undefined ? listing.tag : '';
      return { format: 1, url, tag, checkedAt: Date.now(), files: [...kept, ...files] };
    } catch (error) {
      if (!(error instanceof StoreFault) || error.kind !== 'changed' || listings >= MAX_LISTINGS) throw error;
    }
  }
}

/** Downloads the content of `wanted` that is not there. @throws StoreFault */
async function fetchAll(
  copy: LocalCopy,
  task: SyncTask,
  store: ObjectStore,
  wanted: readonly PlacedObject[],
  before: Manifest | undefined,
  progress: SyncProgress,
): Promise<readonly CopiedFile[]> {
  const { url, stallMs } = task;
  const known = new Map<string, CopiedFile>();
  for (const file of before?.files ?? []) known.set(nameOf(file), file);
  const missing = wanted.filter(({ object }) => !known.has(nameOf(object)));
  await copy.tidy(task.inUse, new Set(missing.map(({ object }) => partialName(object))), before);
  await requireRoom(copy, task, wanted, missing, before);
  progress.expect(sizeOf(missing));
  const options = {
    store,
    blobs: copy.blobs,
    partial: copy.partial,
    rate: new ByteRate(task.rate),
    stallMs,
    shown: url,
    progress,
  };
  const parallel = new Semaphore(PARALLEL);
  let failure: unknown;
  const digests = new Map<PlacedObject, string>();
  const downloads = missing.map((placed) =>
    parallel.run(async () => {
      // After a failure, the files that wait are not begun.
      if (failure !== undefined) return;
      try {
        digests.set(placed, await download(placed.object, options));
      } catch (error) {
        failure ??= error;
      }
    }),
  );
  await Promise.all(downloads);
  // A later synchronisation continues with what was downloaded.
  if (failure !== undefined) throw failure;
  for (const [{ object }, sha256] of digests) await keepDownload(object, sha256, options);
  return wanted.map((placed) => {
    const { key, size, tag } = placed.object;
    return {
      path: placed.path,
      key,
      size,
      tag,
      sha256: digests.get(placed) ?? known.get(nameOf(placed.object))!.sha256,
    };
  });
}

/** @throws StoreFault if the files do not fit into the limit. */
function requireLimit(url: string, wanted: readonly PlacedObject[], limit: number): void {
  const all = sizeOf(wanted);
  if (limit > 0 && all > limit)
    throw new StoreFault(
      'invalid',
      `${url} has ${all} bytes, and NEXUS_MODEL_CACHE_SIZE allows ${limit}; raise it, or choose a narrower prefix`,
    );
}

/** @throws StoreFault if the files do not fit into the limit or on the disk. */
async function requireRoom(
  copy: LocalCopy,
  { url, folder, limit, inUse }: SyncTask,
  wanted: readonly PlacedObject[],
  missing: readonly PlacedObject[],
  before: Manifest | undefined,
): Promise<void> {
  requireLimit(url, wanted, limit);
  const needed = sizeOf(missing) - (await copy.partialBytes());
  if (limit > 0 && needed > 0 && !(await copy.makeRoom(limit - needed, before, inUse)))
    throw new StoreFault(
      'invalid',
      `${url}: ${needed} new bytes do not fit beside the models that are served; NEXUS_MODEL_CACHE_SIZE allows ${limit}; raise it to ${needed + (await copy.usedBytes())}`,
    );
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize)
    throw new StoreFault(
      'invalid',
      `${url}: ${needed} new bytes do not fit on the disk of NEXUS_MODEL_CACHE, which has ${bavail * bsize} left; make room`,
    );
}

function sizeOf(placed: readonly PlacedObject[]): number {
  return placed.reduce((bytes, { object }) => bytes + object.size, 0);
}

/** What identifies content in a store. */
function nameOf({ key, tag, size }: Pick<CopiedFile, 'key' | 'tag' | 'size'>): string {
  return `${key}\n${tag}\n${size}`;
}

function isEqual(one: Manifest | undefined, other: Manifest): boolean {
  const text = ({ files }: Manifest) =>
    files
      .map(({ path, sha256 }) => `${sha256} ${path}`)
      .toSorted()
      .join('\n');
  return one !== undefined && text(one) === text(other);
}

function resultOf(manifest: Manifest | undefined, progress: SyncProgress, changed: boolean): SyncResult {
  return {
    changed,
    downloadedBytes: progress.received,
    checkedAt: manifest?.checkedAt,
    models: new Set(manifest?.files.map(({ path }) => copiedModelOf(path))).size,
  };
}

/** A fault of a store, the network or the disk, as plain data. @throws any other error. */
function plainFault(error: unknown, url: string): SyncFault {
  if (error instanceof StoreFault) return { kind: error.kind, message: error.message };
  const { name, code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined || code === 'ERR_SQLITE_ERROR')
    return {
      kind: 'invalid',
      message: `the copy of ${url} cannot be written to NEXUS_MODEL_CACHE: ${code}; name a writable folder with enough space`,
    };
  if (name === 'TimeoutError' || name === 'AbortError')
    return { kind: 'unreachable', message: `${url} cannot be reached: it takes too long to list its files` };
  if (error instanceof SyntaxError)
    return { kind: 'unreachable', message: `${url}: expected JSON from the server, got another form` };
  throw error;
}
