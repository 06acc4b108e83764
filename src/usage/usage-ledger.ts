import type { Caller } from '../identity/caller';
import { HOUR_S, noUsage, type UsageCounts, type UsageRow } from './usage';

const HOUR_MS = HOUR_S * 1000;

/** Maximum number of entries to remember for the next requests, and of entries that wait for the store. */
const MAX_ENTRIES = 50_000;

/** What a client has used of a model in an hour since it was last taken. */
interface Entry {
  readonly start: number;
  readonly tenant: string;
  readonly key: string;
  readonly model: string;
  counts: UsageCounts;
  /** Totals of the tenant since the process started. */
  readonly total: UsageCounts;
  isWaiting: boolean;
}

/**
 * Counts what clients use, by hour, tenant, key and model. Clients that have not authenticated count as one. A request costs
 * a few look-ups; only the first of a client in an hour allocates memory.
 */
export class UsageLedger {
  /** Requests that were not counted, because too many entries wait for the store. */
  lost = 0;
  private hourStartMs = NaN;
  /** Entries of this hour, by tenant, key and model. */
  private entries = new Map<string, Map<string, Map<string, Entry>>>();
  private size = 0;
  private readonly waiting: Entry[] = [];
  private onWaiting = (): void => {};

  /**
   * @param totalOf the totals of a tenant, which are counted in addition.
   * @param now milliseconds since 1970.
   * @param maxEntries maximum number of entries to remember, and of entries that wait.
   */
  constructor(
    private readonly totalOf: (tenant: string) => UsageCounts,
    private readonly now: () => number = Date.now,
    private readonly maxEntries = MAX_ENTRIES,
  ) {}

  /** Number of rows to take. */
  get waitingRows(): number {
    return this.waiting.length;
  }

  /** Sets the function that is called for each row that appears. */
  watch(onWaiting: () => void): void {
    this.onWaiting = onWaiting;
  }

  /** Counts a successful request, with the bytes of its input and output tensors. */
  succeeded(
    caller: Pick<Caller, 'tenant' | 'key'>,
    model: string,
    rows: number,
    inputBytes: number,
    outputBytes: number,
    tokens = 0,
  ): void {
    const entry = this.entryOf(caller, model);
    if (entry === undefined) return;
    count(entry.counts, rows, inputBytes, outputBytes, tokens);
    count(entry.total, rows, inputBytes, outputBytes, tokens);
  }

  /** Counts a failed request, with the tokens that it has used. */
  failed(caller: Pick<Caller, 'tenant' | 'key'>, model: string, tokens = 0): void {
    const entry = this.entryOf(caller, model);
    if (entry === undefined) return;
    entry.counts.requests++;
    entry.counts.failed_requests++;
    entry.total.requests++;
    entry.total.failed_requests++;
    entry.counts.tokens += tokens;
    entry.total.tokens += tokens;
  }

  /** Takes at most `limit` rows, the oldest first, with what was counted since they were last taken. */
  take(limit: number): UsageRow[] {
    return this.waiting.splice(0, limit).map((entry) => {
      const { start, tenant, key, model, counts } = entry;
      entry.counts = noUsage();
      entry.isWaiting = false;
      return { start, tenant, key, model, ...counts };
    });
  }

  /** The entry to count a request in, which then waits; undefined if too many wait already. */
  private entryOf(caller: Pick<Caller, 'tenant' | 'key'>, model: string): Entry | undefined {
    const now = this.now();
    // Also when the clock was set back.
    if (!(now >= this.hourStartMs && now < this.hourStartMs + HOUR_MS)) this.begin(now);
    const { tenant = '', key = '' } = caller;
    const entry = this.entries.get(tenant)?.get(key)?.get(model) ?? this.create(tenant, key, model);
    if (entry !== undefined && !entry.isWaiting) {
      entry.isWaiting = true;
      this.waiting.push(entry);
      this.onWaiting();
    }
    return entry;
  }

  private create(tenant: string, key: string, model: string): Entry | undefined {
    if (this.waiting.length >= this.maxEntries) {
      this.lost++;
      return undefined;
    }
    if (this.size >= this.maxEntries) this.forget();
    const start = this.hourStartMs / 1000;
    const total = this.totalOf(tenant);
    const entry = { start, tenant, key, model, counts: noUsage(), total, isWaiting: false };
    const keys = inner(this.entries, tenant);
    inner(keys, key).set(model, entry);
    this.size++;
    return entry;
  }

  private begin(now: number): void {
    this.hourStartMs = Math.floor(now / HOUR_MS) * HOUR_MS;
    this.forget();
  }

  /** Forgets the entries of this hour. Those that wait are kept, and a client can have several. */
  private forget(): void {
    this.entries = new Map();
    this.size = 0;
  }
}

function count(
  counts: UsageCounts,
  rows: number,
  inputBytes: number,
  outputBytes: number,
  tokens: number,
): void {
  counts.requests++;
  counts.rows += rows;
  counts.input_bytes += inputBytes;
  counts.output_bytes += outputBytes;
  counts.tokens += tokens;
}

function inner<V>(maps: Map<string, Map<string, V>>, name: string): Map<string, V> {
  let map = maps.get(name);
  if (map === undefined) maps.set(name, (map = new Map<string, V>()));
  return map;
}
