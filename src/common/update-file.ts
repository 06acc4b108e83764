import { randomUUID } from 'node:crypto';
import { link, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stampOf } from './file-stamp';

/** How long to wait for another process that edits the file. */
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 25;
/** A lock of another machine, whose processes cannot be seen, is stale after this time. */
const FOREIGN_LOCK_MS = 600_000;
/** Mode of a new file. */
const NEW_MODE = 0o600;

/**
 * Replaces the text of the file at `path` by what `edit` makes of it; the text of a missing file is empty. Readers see
 * either the old or the new content, also after a crash. Two processes that edit the file do so one after the other.
 * @throws the system's error, or that of `edit`; the file is then as it was.
 */
export async function updateFile(path: string, edit: (text: string) => string): Promise<void> {
  const target = await realPathOf(path);
  const unlock = await lock(`${target}.lock`);
  try {
    const stamp = await stampOf(target);
    const text = edit(await textOf(target));
    await replace(target, text, async () => {
      if ((await stampOf(target)) !== stamp)
        throw new Error('another program changed the file at the same time; run the command again');
    });
  } finally {
    await unlock();
  }
}

/** Where the links at `path` lead, so that they stay links. */
async function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return join(await realpath(dirname(path)), basename(path));
  });
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
}

async function replace(path: string, text: string, check: () => Promise<void>): Promise<void> {
  const next = `${path}.${randomUUID()}.tmp`;
  const before = await stat(path).catch(() => undefined);
  try {
    const file = await open(next, 'wx', NEW_MODE);
    try {
      if (before !== undefined) {
        // Only root can keep another owner.
        await file.chown(before.uid, before.gid).catch(() => undefined);
        await file.chmod(before.mode & 0o777);
      }
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await check();
    await rename(next, path);
  } finally {
    await rm(next, { force: true });
  }
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Takes the lock file at `path`, and returns the function that releases it. */
async function lock(path: string): Promise<() => Promise<void>> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname() });
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!(await create(path, owner))) {
    if (await isStale(path)) await removeStale(path);
    else if (Date.now() > deadline)
      throw new Error(`another process edits the file; if none does, remove ${path}`);
    else await delay(LOCK_RETRY_MS);
  }
  return () => rm(path, { force: true });
}

/** Whether the lock is now that of `owner`. */
async function create(path: string, owner: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', NEW_MODE);
    try {
      await file.writeFile(owner);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Whether the process that has the lock has ended. */
async function isStale(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return false;
  const { pid, host } = ownerIn(await textOf(path));
  return host === hostname() ? !isAlive(pid) : Date.now() - stats.mtimeMs > FOREIGN_LOCK_MS;
}

/** Moves the lock away before it removes it: of several processes, one succeeds, and a new lock is put back. */
async function removeStale(path: string): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  await rename(path, away).catch(() => undefined);
  if (!(await isStale(away))) await link(away, path).catch(() => undefined);
  await rm(away, { force: true });
}

function ownerIn(text: string): { readonly pid: number; readonly host: string } {
  try {
    const { pid, host } = JSON.parse(text) as { pid: unknown; host: unknown };
    return { pid: Number(pid), host: String(host) };
  } catch {
    return { pid: 0, host: '' };
  }
}

/** Whether another process has this id. In a container that starts again, processes have the ids of earlier ones. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user cannot be signalled, but is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
