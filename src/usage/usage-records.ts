import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { errors } from '../common/errors';
import { withinDeadline } from '../common/within-deadline';
import type { Caller } from '../identity/caller';
import { Alone, type Gathered, type Siblings } from '../common/siblings';
import { USAGE_UNITS, type UsageRow } from './usage';
import type { UsageLedger } from './usage-ledger';
import { MAX_BATCH_ROWS, type UsageBatch, type UsageQuery, type UsageStore } from './usage-store';

/** How long counts stay in memory only, which is what a process that is killed loses. */
const FLUSH_MS = 1000;

/** Maximum time for the last counts at the end of the process. */
const SHUTDOWN_MS = 5000;

/**
 * Moves the counts of a {@link UsageLedger} to a {@link UsageStore} once a second, and reads them. While the store fails,
 * counts stay in the ledger and are tried again every second.
 */
export class UsageRecords implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Usage');
  private batch: UsageBatch | undefined;
  private batches = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Why the last write failed; undefined if it succeeded. */
  private failure: string | undefined;
  private lastFlush: Promise<void> = Promise.resolve();
  private nextFlush: Promise<void> | undefined;
  private readonly flushAll: () => Promise<Gathered<boolean>>;
  private readonly readAll: (query: UsageQuery) => Promise<Gathered<UsageRow[] | undefined>>;

  constructor(
    private readonly ledger: UsageLedger,
    private readonly store: UsageStore,
    siblings: Siblings = new Alone(),
  ) {
    this.flushAll = siblings.gather('usage writes', () => this.flushed());
    this.readAll = siblings.gather('usage', (query: UsageQuery) => this.readHere(query));
    ledger.watch(() => this.schedule());
  }

  /** Opens the store. @throws ConfigError if its settings cannot work. */
  async onModuleInit(): Promise<void> {
    await this.store.open();
  }

  /** Writes the last counts. All requests have been answered by then. A store that hangs does not stop the shutdown. */
  async onApplicationShutdown(): Promise<void> {
    const finished = this.flush().then(() => this.store.close());
    try {
      await withinDeadline(finished, performance.now() + SHUTDOWN_MS, 'while the last usage was written');
    } catch (error) {
      this.failure ??= (error as Error).message;
    }
    clearTimeout(this.timer);
    if (this.failure !== undefined) this.logger.warn(`usage since the last write is lost: ${this.failure}`);
  }

  /**
   * The usage that `query` selects, as far as `caller` may see it: with the scope `admin` for every model all of it, otherwise
   * the caller's own. Includes everything that all gateway processes have counted until now.
   * @throws NexusError of kind `unavailable` if the store cannot be written or read.
   */
  async read(query: UsageQuery, caller: Caller): Promise<UsageRow[]> {
    const visible = caller.has('admin') && caller.seesAll ? query : ownPart(query, caller);
    if (visible === undefined) return [];
    if (this.store.isShared) {
      const { values, running } = await this.flushAll();
      const rows = values.length === running && values.every(Boolean) && (await this.readHere(visible));
      if (rows) return rows;
    } else {
      const { values, running } = await this.readAll(visible);
      const parts = values.filter((rows) => rows !== undefined);
      if (parts.length === running) return merged(parts, visible.limit);
    }
    // Never an incomplete bill.
    throw errors.usageUnavailable();
  }

  /** The usage in the store of this process; undefined if it cannot be written or read. */
  private async readHere(query: UsageQuery): Promise<UsageRow[] | undefined> {
    if (!(await this.flushed())) return undefined;
    try {
      return await this.store.read(query);
    } catch (error) {
      this.logger.error({ msg: 'cannot read usage', err: error });
      return undefined;
    }
  }

  /** Writes everything that has been counted until now. Resolves with whether that was possible. */
  private async flushed(): Promise<boolean> {
    await this.flush();
    return this.failure === undefined;
  }

  /** Writes everything that has been counted until now, unless the store fails. Never rejects. */
  private flush(): Promise<void> {
    // A write in progress may lack the newest counts.
    this.nextFlush ??= this.lastFlush.then(() => {
      this.nextFlush = undefined;
      return (this.lastFlush = this.write());
    });
    return this.nextFlush;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, FLUSH_MS).unref();
  }

  private async write(): Promise<void> {
    // Rows that appear meanwhile are part of the next write.
    let left = this.ledger.waitingRows + (this.batch?.rows.length ?? 0);
    try {
      while (this.batch !== undefined || left > 0) {
        this.batch ??= { number: ++this.batches, rows: this.ledger.take(Math.min(left, MAX_BATCH_ROWS)) };
        await this.store.add(this.batch);
        left -= this.batch.rows.length;
        this.batch = undefined;
      }
      this.succeeded();
    } catch (error) {
      this.failed((error as Error).message);
    }
  }

  private succeeded(): void {
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.logger.log('usage is written again');
  }

  private failed(reason: string): void {
    if (this.failure === undefined)
      this.logger.warn(`cannot write usage (${reason}); it stays in memory and is tried again every second`);
    this.failure = reason;
    this.schedule();
  }
}

/** `query` with only the usage of `caller`; undefined if it selects none of it. */
function ownPart(query: UsageQuery, { tenant = '', key = '' }: Caller): UsageQuery | undefined {
  if (![tenant, undefined].includes(query.tenant) || ![key, undefined].includes(query.key)) return undefined;
  return { ...query, tenant, key };
}

/** The first `limit` rows of the sums of `parts`, each of which has its first `limit` rows in the order of the store. */
function merged(parts: readonly (readonly UsageRow[])[], limit: number): UsageRow[] {
  if (parts.length === 1) return [...parts[0]!];
  const rows = new Map<string, UsageRow>();
  for (const row of parts.flat()) {
    const { start, tenant, key, model } = row;
    const id = JSON.stringify([start, tenant, key, model]);
    const known = rows.get(id);
    const sums = USAGE_UNITS.map((unit) => [unit, row[unit] + (known?.[unit] ?? 0)]);
    rows.set(id, { ...row, ...(Object.fromEntries(sums) as Pick<UsageRow, (typeof USAGE_UNITS)[number]>) });
  }
  return [...rows.values()].toSorted(byPosition).slice(0, limit);
}

/** The order of the store: SQLite compares texts by their bytes. */
function byPosition(one: UsageRow, other: UsageRow): number {
  return (
    one.start - other.start ||
    Buffer.compare(Buffer.from(one.tenant), Buffer.from(other.tenant)) ||
    Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) ||
    Buffer.compare(Buffer.from(one.model), Buffer.from(other.model))
  );
}
