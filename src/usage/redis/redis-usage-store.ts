import { randomUUID } from 'node:crypto';
import type { RedisConnection } from '../../redis/redis-connection';
import { Script } from '../../redis/script';
import {
  DAY_S,
  HOUR_S,
  noUsage,
  USAGE_UNITS,
  type UsageCounts,
  type UsageRow,
  type UsageUnit,
} from '../usage';
import type { UsageBatch, UsagePosition, UsageQuery, UsageStore } from '../usage-store';

/** Prefix of keys. The number is the version of the format; the braces put all keys into one slot of a cluster. */
const PREFIX = 'nexus:usage:1:{usage}';

/** How long Redis keeps usage: a month, and some time to settle its bill. Redis keeps everything in memory. */
const RETENTION_S = 35 * DAY_S;

/** Number of fields that Redis returns at a time. */
const SCAN_COUNT = 500;

/**
 * Adds a batch unless it is the last batch of this gateway, which is known by its number. KEYS: the key of that number, then
 * the hash of each field. ARGV: number, retention, then a field and an amount for each hash.
 */
const ADD = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', 86400)
for i = 2, #KEYS do
  redis.call('HINCRBY', KEYS[i], ARGV[2 * i - 1], ARGV[2 * i])
  if KEYS[i] ~= KEYS[i - 1] then redis.call('EXPIRE', KEYS[i], ARGV[2]) end
end
return 1
`);

/** Keeps usage in Redis: a hash for each hour, shared by all gateways that use it. */
export class RedisUsageStore implements UsageStore {
  readonly isShared = true;
  private readonly applied = `${PREFIX}:applied:${randomUUID()}`;

  constructor(private readonly redis: RedisConnection) {
    redis.announce('usage stays in memory');
  }

  async open(): Promise<void> {
    // The connection opens with the process.
  }

  async add({ number, rows }: UsageBatch): Promise<void> {
    const keys = [this.applied];
    const args = [String(number), String(RETENTION_S)];
    for (const row of rows)
      for (const unit of USAGE_UNITS)
        if (row[unit] > 0) {
          keys.push(keyOf(row.start));
          args.push(fieldOf(row, unit), String(row[unit]));
        }
    available(await this.redis.evaluate(ADD, keys, args));
  }

  async read(query: UsageQuery): Promise<UsageRow[]> {
    const lengthS = query.by === 'day' ? DAY_S : HOUR_S;
    const oldest = Math.max(query.from, query.after?.start ?? 0, Date.now() / 1000 - RETENTION_S - DAY_S);
    const rows: UsageRow[] = [];
    let start = Math.floor(oldest / lengthS) * lengthS;
    for (; start < query.to && rows.length < query.limit; start += lengthS)
      rows.push(...(await this.readBucket(query, start, start + lengthS)));
    return rows.slice(0, query.limit);
  }

  async close(): Promise<void> {
    // The connection belongs to the process.
  }

  /** The rows for the hour or day from `start` to `end`, sorted. */
  private async readBucket(query: UsageQuery, start: number, end: number): Promise<UsageRow[]> {
    const sums = new Map<string, UsageCounts>();
    for (let hour = start; hour < end; hour += HOUR_S)
      if (hour >= query.from && hour < query.to)
        for (const [field, amount] of await this.readHour(hour, query)) {
          const [subject = '', unit = ''] = partsOf(field);
          let sum = sums.get(subject);
          if (sum === undefined) sums.set(subject, (sum = noUsage()));
          // A newer gateway can have units that this one does not know.
          if (unit in sum) sum[unit as UsageUnit] += amount;
        }
    return Array.from(sums, ([subject, counts]) => {
      const [tenant, key, model] = JSON.parse(subject) as [string, string, string];
      return { start, tenant, key, model, ...counts };
    })
      .filter((row) => query.after === undefined || order(row, query.after) > 0)
      .toSorted(order);
  }

  /** The amounts of the fields of an hour that `query` selects. A scan can return a field twice. */
  private async readHour(start: number, query: UsageQuery): Promise<Map<string, number>> {
    const options = { MATCH: patternOf(query), COUNT: SCAN_COUNT };
    const amounts = new Map<string, number>();
    let cursor = '0';
    do {
      const reply = available(
        await this.redis.execute((client) => client.hScan(keyOf(start), cursor, options)),
      );
      for (const { field, value } of reply.entries) amounts.set(String(field), Number(value));
      cursor = String(reply.cursor);
    } while (cursor !== '0');
    return amounts;
  }
}

function keyOf(start: number): string {
  return `${PREFIX}:${start}`;
}

/** `["tenant","key","model"] unit` */
function fieldOf({ tenant, key, model }: UsageRow, unit: string): string {
  return `${JSON.stringify([tenant, key, model])} ${unit}`;
}

function partsOf(field: string): string[] {
  const space = field.lastIndexOf(' ');
  return [field.slice(0, space), field.slice(space + 1)];
}

/** The glob pattern of the fields that `query` selects. */
function patternOf({ tenant, key, model }: UsageQuery): string {
  const texts = [tenant, key, model].map((text) =>
    text === undefined ? '"*"' : JSON.stringify(text).replace(/[\\*?[\]]/g, '\\$&'),
  );
  return `\\[${texts.join(',')}\\] *`;
}

function order(one: UsagePosition, other: UsagePosition): number {
  if (one.start !== other.start) return one.start - other.start;
  for (const name of ['tenant', 'key', 'model'] as const)
    if (one[name] !== other[name]) return one[name] < other[name] ? -1 : 1;
  return 0;
}

/** @throws Error if there is no reply. */
function available<T>(reply: T | undefined): T {
  if (reply === undefined) throw new Error('Redis is not available');
  return reply;
}
