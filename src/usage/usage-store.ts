import type { UsageRow, UsageSubject } from './usage';

/** Counts to add to what a store has. */
export interface UsageBatch {
  /** Increases by batch. A batch that is added again, because the result was unknown, has the same number. */
  readonly number: number;
  /** At most {@link MAX_BATCH_ROWS} rows by hour. */
  readonly rows: readonly UsageRow[];
}

/** Copying a batch to a thread, encoding it for Redis, and adding it there take one to three milliseconds. */
export const MAX_BATCH_ROWS = 100;

/** Selects usage. Filters that are undefined select everything. */
export interface UsageQuery {
  /** Hours that begin at `from` or later and before `to`, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly by: 'hour' | 'day';
  readonly tenant: string | undefined;
  readonly key: string | undefined;
  readonly model: string | undefined;
  /** Selects rows that come after this one. */
  readonly after: UsagePosition | undefined;
  /** Maximum number of rows. */
  readonly limit: number;
}

/** The place of a row in the order of start, tenant, key and model. */
export interface UsagePosition extends UsageSubject {
  readonly start: number;
}

/** Keeps usage by hour. */
export interface UsageStore {
  /** Whether it has the usage of all gateway processes on this machine, rather than of this process. */
  readonly isShared: boolean;
  /** Prepares the store. @throws ConfigError if its settings cannot work. */
  open(): Promise<void>;
  /** Adds `batch` completely or not at all. @throws Error with the reason if it is unknown whether it was added, or it was not. */
  add(batch: UsageBatch): Promise<void>;
  /** The usage that `query` selects, sorted by start, tenant, key and model. @throws Error with the reason if it cannot be read. */
  read(query: UsageQuery): Promise<UsageRow[]>;
  close(): Promise<void>;
}
