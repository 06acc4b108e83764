import { Logger } from '@nestjs/common';
import { createClient, RESP_TYPES } from '@redis/client';
import { NexusError } from '../../common/nexus-error';
import { withinDeadline } from '../../common/within-deadline';
import type { Tensor } from '../../tensor/tensor';
import { byteLengthOf, type Entries, type Store } from './entries';
import { decodeEntry, encodeEntry } from './entry';

/** Prefix of keys. The number is the version of the entry format. */
const PREFIX = 'nexus:cache:1';

/** Longer than a nearby Redis takes to respond, and shorter than a run that is worth caching. */
const TIMEOUT_MS = 50;

/** How long Redis is not used after a failure, so that requests do not wait for it. */
const PAUSE_MS = 1000;

/** Maximum number of commands in flight, which limits the memory that a hanging Redis can hold. */
const MAX_COMMANDS = 1000;

/** Stores responses in Redis, shared by all gateways that use it. While Redis is down or slow, every lookup is a miss. */
export class RedisStore implements Store {
  private readonly logger = new Logger('Cache');
  private readonly client;
  private isDown = false;
  private pausedUntil = 0;

  /**
   * @param url `redis://` or, for TLS, `rediss://`.
   * @param maxEntryBytes larger responses are not stored.
   */
  constructor(
    url: string,
    private readonly maxEntryBytes: number,
  ) {
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_COMMANDS,
      socket: { connectTimeout: PAUSE_MS, reconnectStrategy: PAUSE_MS },
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    });
    this.client.on('error', (error: Error) => this.failed(error));
    // The client retries until it is connected, and reports its errors by event.
    this.client.connect().catch(() => {});
  }

  /** Whether Redis is connected and the last command succeeded. */
  get isUp(): boolean {
    return this.client.isReady && !this.isDown;
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
    if (this.client.isOpen) this.client.destroy();
  }

  private async get(key: string): Promise<readonly Tensor[] | undefined> {
    const entry = await this.execute(() => this.client.get(key));
    return Buffer.isBuffer(entry) ? decodeEntry(entry) : undefined;
  }

  private async set(key: string, outputs: readonly Tensor[], ttlMs: number): Promise<void> {
    if (byteLengthOf(outputs) > this.maxEntryBytes) return;
    const expiration = { type: 'PX', value: ttlMs } as const;
    await this.execute(() => this.client.set(key, encodeEntry(outputs), { expiration }));
  }

  /** The reply to `command`; undefined if Redis fails or is too slow, or has failed recently. */
  private async execute<T>(command: () => Promise<T>): Promise<T | undefined> {
    const now = performance.now();
    if (!this.client.isReady || now < this.pausedUntil) return undefined;
    try {
      const reply = await withinDeadline(command(), now + TIMEOUT_MS, 'while waiting for Redis');
      this.succeeded();
      return reply;
    } catch (error) {
      this.failed(error as Error);
      return undefined;
    }
  }

  private succeeded(): void {
    if (this.isDown) this.logger.log('Redis is available again');
    this.isDown = false;
  }

  private failed(error: Error): void {
    const reason = error instanceof NexusError ? `no response within ${TIMEOUT_MS} ms` : error.message;
    this.pausedUntil = performance.now() + PAUSE_MS;
    if (!this.isDown) this.logger.warn(`Redis is not available, so models compute every response: ${reason}`);
    this.isDown = true;
  }
}
