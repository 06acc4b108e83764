import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 200;

/**
 * Runs `work` while no other process, on this machine or another with the same folder, runs work in `folder`. The system releases
 * the lock of a process that ends. The lock is that of an SQLite database, because Node has no other.
 * @param waiting called once if another process has the lock.
 */
export async function whileLocked<T>(
  folder: string,
  waiting: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    for (let isFirst = true; !tryLock(database); isFirst = false) {
      if (isFirst) waiting();
      await delay(RETRY_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

/** @throws the error of SQLite, other than that another process has the lock. */
function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    const SQLITE_BUSY = 5;
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
