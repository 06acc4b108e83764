/** An SQLite database with usage. */
export interface UsageFile {
  /** `:memory:` for a database that ends with the process. */
  readonly path: string;
  /** How long usage is kept, in seconds. */
  readonly retentionS: number;
  /** Maximum size in pages of 4 KiB. The oldest hours are deleted to stay below it. undefined for no limit. */
  readonly maxPages: number | undefined;
}
