import type { RedisConnection } from '../../redis/redis-connection';
import type { Tensor } from '../../tensor/tensor';
import { byteLengthOf, type Entries, type Store } from './entries';
import { decodeEntry, encodeEntry } from './entry';

/** Prefix of keys. The number is the version of the entry format. */
const PREFIX = 'nexus:cache:1';

/** Stores responses in Redis, shared by all gateways that use it. While Redis is down or slow, every lookup is a miss. */
export class RedisStore implements Store {
  /** @param maxEntryBytes larger responses are not stored. */
  constructor(
    private readonly redis: RedisConnection,
    private readonly maxEntryBytes: number,
  ) {
    redis.announce('models compute every response');
  }

  open(label: string, ttlMs: number): Entries {
    const keyOf = (key: string) => `${PREFIX}:${label}:${key}`;
    return {
      get: (key) => this.get(keyOf(key)),
      set: (key, outputs) => void this.set(keyOf(key), outputs, ttlMs),
      // Entries stay until they expire, because other gateways may use them.
      close: () => {},
    };
  }

  async close(): Promise<void> {
    // The connection belongs to the process.
  }

  private async get(key: string): Promise<readonly Tensor[] | undefined> {
    const entry = await this.redis.execute((client) => client.get(key));
    return Buffer.isBuffer(entry) ? decodeEntry(entry) : undefined;
  }

  private async set(key: string, outputs: readonly Tensor[], ttlMs: number): Promise<void> {
    if (byteLengthOf(outputs) > this.maxEntryBytes) return;
    const expiration = { type: 'PX', value: ttlMs } as const;
    await this.redis.execute((client) => client.set(key, encodeEntry(outputs), { expiration }));
  }
}
