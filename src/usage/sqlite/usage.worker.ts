import { outcomeOf, type Outcome } from '../../common/offload';
import type { UsageRow } from '../usage';
import type { UsageQuery } from '../usage-store';
import { resultCodeOf, UsageDatabase } from './usage-database';
import type { UsageFile } from './usage-file';

/** Result codes of conditions that can pass: BUSY, LOCKED, IOERR and FULL. */
const PASSING = [5, 6, 10, 13];

let database: UsageDatabase | undefined;

/** Opens `file`. Returns why it can never be used; undefined if it is open, or may be usable later. */
export function openUsage(file: UsageFile): Outcome<string | undefined> {
  try {
    databaseOf(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const canPass = code === 'ENOSPC' || PASSING.includes(resultCodeOf(error) ?? 0);
    return { value: canPass ? undefined : message };
  }
  return { value: undefined };
}

export function addUsage({ file, rows }: { file: UsageFile; rows: readonly UsageRow[] }): Outcome<void> {
  return outcomeOf(() => databaseOf(file).add(rows));
}

export function readUsage({ file, query }: { file: UsageFile; query: UsageQuery }): Outcome<UsageRow[]> {
  return outcomeOf(() => databaseOf(file).read(query));
}

export function closeUsage(): Outcome<void> {
  return outcomeOf(() => database?.close());
}

/** The database, which stays open. Opening it is tried again after it has failed. */
function databaseOf(file: UsageFile): UsageDatabase {
  return (database ??= new UsageDatabase(file));
}
