import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { Offload } from '../../common/offload';
import { ConfigError } from '../../config/config-error';
import { DAY_S, HOUR_S, type UsageRow } from '../usage';
import type { UsageBatch, UsageQuery, UsageStore } from '../usage-store';
import type { UsageFile } from './usage-file';

/** A file keeps usage for a year, and some time to settle its last bill. */
const ON_DISK = { retentionS: 400 * DAY_S, maxPages: undefined };

/** At most 256 MiB. */
const IN_MEMORY: UsageFile = { path: ':memory:', retentionS: 48 * HOUR_S, maxPages: 65_536 };

/** Keeps usage in an SQLite database: a file, or memory of a thread. */
export class SqliteUsageStore implements UsageStore {
  readonly isShared: boolean;
  private readonly file: UsageFile;
  private thread: UsageThread | undefined;

  /** @param path of the file; empty to keep the last 48 hours in memory. */
  constructor(private readonly path: string) {
    this.isShared = path !== '';
    this.file = path === '' ? IN_MEMORY : { path, ...ON_DISK };
  }

  /** Opens the file. Memory needs no thread until the first request. */
  async open(): Promise<void> {
    if (this.path === '') return;
    const fault = isBuiltin('node:sqlite')
      ? await this.onThread<string | undefined>('openUsage', this.file)
      : `Node ${process.version} has no SQLite; use Node 24`;
    if (fault !== undefined)
      throw new ConfigError([
        `NEXUS_USAGE_FILE=${this.path}: cannot be used: ${fault}; repair it, or move it away to start with a new file`,
      ]);
  }

  add({ rows }: UsageBatch): Promise<void> {
    return this.onThread('addUsage', { file: this.file, rows });
  }

  read(query: UsageQuery): Promise<UsageRow[]> {
    return this.onThread('readUsage', { file: this.file, query });
  }

  async close(): Promise<void> {
    if (this.thread === undefined) return;
    await this.thread.run('closeUsage', undefined);
    await this.thread.onApplicationShutdown();
  }

  private onThread<T>(name: string, task: unknown): Promise<T> {
    this.thread ??= new UsageThread();
    return this.thread.run(name, task);
  }
}

/** The one thread that has the database. It stays, because a database in memory ends with it. */
class UsageThread extends Offload {
  constructor() {
    super(join(__dirname, 'usage.worker.js'), 1, 1);
  }

  run<T>(name: string, task: unknown): Promise<T> {
    return this.runOnThread(name, task);
  }
}
