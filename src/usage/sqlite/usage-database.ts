import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { DAY_S, HOUR_S, USAGE_UNITS, type UsageRow } from '../usage';
import type { UsageQuery } from '../usage-store';
import type { UsageFile } from './usage-file';

/** `PRAGMA user_version` of the file. A new unit needs no new version, because a missing column is added. */
const VERSION = 1;

/** How long to wait for another process that writes to the same file, in milliseconds. */
const BUSY_TIMEOUT_MS = 1000;

/** If more hours pass between two batches, the clock may have been set, and old rows stay for another hour. */
const MAX_PASSED_HOURS = 7 * 24;

/** Result code of SQLite. */
const SQLITE_FULL = 13;

const KEYS = ['start', 'tenant', 'key', 'model'] as const;
const COLUMNS = [...KEYS, ...USAGE_UNITS];

const SCHEMA = `CREATE TABLE IF NOT EXISTS usage (
  start INTEGER NOT NULL, tenant TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL,
  PRIMARY KEY (start, tenant, key, model)
) WITHOUT ROWID`;

const ADD = `INSERT INTO usage (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((name) => `$${name}`).join(', ')})
  ON CONFLICT DO UPDATE SET ${USAGE_UNITS.map((unit) => `${unit} = ${unit} + excluded.${unit}`).join(', ')}`;

/** Usage by hour in an SQLite database. Its methods block, so it belongs on a worker thread. */
export class UsageDatabase {
  private readonly database: DatabaseSync;
  /** The hour of the last batch. */
  private lastHour = 0;

  /**
   * Opens the file, or creates it for the owner alone.
   * @param now milliseconds since 1970.
   * @throws Error with the reason, or an error of SQLite or the file system.
   */
  constructor(
    private readonly file: UsageFile,
    private readonly now: () => number = Date.now,
  ) {
    const { path } = file;
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    this.database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      this.prepare();
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Adds `rows` in one transaction. @throws the error of SQLite; nothing was added then. */
  add(rows: readonly UsageRow[]): void {
    this.prune();
    for (;;) {
      try {
        return this.insert(rows);
      } catch (error) {
        const isFull = this.file.maxPages !== undefined && resultCodeOf(error) === SQLITE_FULL;
        // Several hours may have to go, because pages are freed only when they are empty.
        if (!isFull || !this.deleteOldestHour()) throw error;
      }
    }
  }

  /** See UsageStore. */
  read({ by, limit, after, ...filters }: UsageQuery): UsageRow[] {
    const start = by === 'day' ? `start - start % ${DAY_S}` : 'start';
    const conditions = ['start >= $from', 'start < $to'];
    const values: Record<string, SQLInputValue> = { from: filters.from, to: filters.to, limit };
    for (const name of ['tenant', 'key', 'model'] as const) {
      const value = filters[name];
      if (value === undefined) continue;
      conditions.push(`${name} = $${name}`);
      values[name] = value;
    }
    if (after !== undefined) {
      conditions.push(`(${start}, tenant, key, model) > ($after0, $after1, $after2, $after3)`);
      KEYS.forEach((name, index) => (values[`after${index}`] = after[name]));
    }
    const sums = USAGE_UNITS.map((unit) => `SUM(${unit}) AS ${unit}`).join(', ');
    const sql = `SELECT ${start} AS start, tenant, key, model, ${sums} FROM usage WHERE ${conditions.join(' AND ')}
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT $limit`;
    return this.database.prepare(sql).all(values) as unknown as UsageRow[];
  }

  /** Closes the file. Its write-ahead log is then part of it. */
  close(): void {
    this.database.close();
  }

  private prepare(): void {
    const { database } = this;
    this.transaction(() => {
      const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
        user_version: number;
      };
      const tables = database.prepare('SELECT name FROM sqlite_schema').all().length;
      if (version !== VERSION && (version !== 0 || tables > 0))
        throw new Error('it is not a usage file of this version');
      database.exec(SCHEMA);
      const known = database.prepare(`SELECT name FROM pragma_table_info('usage')`).all();
      for (const unit of USAGE_UNITS)
        if (!known.some(({ name }) => name === unit))
          database.exec(`ALTER TABLE usage ADD COLUMN ${unit} INTEGER NOT NULL DEFAULT 0`);
      database.exec(`PRAGMA user_version = ${VERSION}`);
    });
    // The operating system has what is written when the process is killed; a power failure can cost the last seconds.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const { maxPages } = this.file;
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
  }

  private insert(rows: readonly UsageRow[]): void {
    this.transaction(() => {
      const statement = this.database.prepare(ADD);
      for (const row of rows) statement.run({ ...row });
    });
  }

  private prune(): void {
    const seconds = this.now() / 1000;
    const hour = Math.floor(seconds / HOUR_S);
    const passed = hour - this.lastHour;
    this.lastHour = hour;
    // Also after a start. The clock may be wrong for a moment, and would delete everything.
    if (passed <= 0 || passed > MAX_PASSED_HOURS) return;
    this.database.prepare('DELETE FROM usage WHERE start < ?').run(seconds - this.file.retentionS);
  }

  /** Returns whether there was one. */
  private deleteOldestHour(): boolean {
    const oldest = 'DELETE FROM usage WHERE start = (SELECT MIN(start) FROM usage)';
    return this.database.prepare(oldest).run().changes > 0;
  }

  private transaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      // SQLite itself rolls back after some errors, such as a full disk.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** The primary result code of an error of SQLite; undefined for other errors. */
export function resultCodeOf(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}
