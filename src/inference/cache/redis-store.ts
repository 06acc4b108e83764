import { Logger } from '@nestjs/common';
import { createClient, RESP_TYPES } from '@redis/client';
import { NexusError } from '../../common/errors';
import { withinDeadline } from '../../common/within-deadline';
import type { Tensor } from '../../tensor/tensor';
import { byteLengthOf, type Entries, type Store } from './entries';
import { decodeEntry, encodeEntry } from './entry';

/** What keys begin with; the number is that of the form of entries. */
const PREFIX = 'nexus:cache:1';

/** Longer than an answer of a Redis nearby takes, and shorter than a run that is worth a cache. */
const TIMEOUT_MS = 50;

/** How long Redis is left alone once it has failed: of the requests that come meanwhile, none waits for it. */
const PAUSE_MS = 1000;

/** Commands that may be under way; a Redis that hangs holds no more memory than theirs. */
const MAX_COMMANDS = 1000;

/** Keeps answers in Redis, for all gateways that use it. Where Redis is down or slow, there are no answers. */
export class RedisStore implements Store {
  private readonly logger = new Logger('Cache');
  private readonly client;
  private isDown = false;
  private pausedUntil = 0;

  /**
   * @param url `redis://` or, for TLS, `rediss://`.
   * @param maxEntryBytes larger answers are not kept.
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
    // It tries until it is connected; its errors come by the event.
    this.client.connect().catch(() => {});
  }

  /** Whether the last thing that was heard of Redis is good. */
  get isUp(): boolean {
    return this.client.isReady && !this.isDown;
  }

  open(label: string, ttlMs: number): Entries {
    const keyOf = (key: string) => `${PREFIX}:${label}:${key}`;
    return {
      get: (key) => this.get(keyOf(key)),
      set: (key, outputs) => void this.set(keyOf(key), outputs, ttlMs),
      // They go when their time is over: other gateways may use them.
      close: () => {},
    };
  }

  async close(): Promise<void> {
    if (this.client.isOpen) this.client.destroy();
  }

  private async get(key: string): Promise<readonly Tensor[] | undefined> {
    const entry = await this.ask(() => this.client.get(key));
    return Buffer.isBuffer(entry) ? decodeEntry(entry) : undefined;
  }

  private async set(key: string, outputs: readonly Tensor[], ttlMs: number): Promise<void> {
    if (byteLengthOf(outputs) > this.maxEntryBytes) return;
    const expiration = { type: 'PX', value: ttlMs } as const;
    await this.ask(() => this.client.set(key, encodeEntry(outputs), { expiration }));
  }

  /** The answer to `command`; undefined when Redis fails, is too slow, or has been a moment ago. */
  private async ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    const now = performance.now();
    if (!this.client.isReady || now < this.pausedUntil) return undefined;
    try {
      const answer = await withinDeadline(command(), now + TIMEOUT_MS, 'while Redis was asked');
      this.answered();
      return answer;
    } catch (error) {
      this.failed(error as Error);
      return undefined;
    }
  }

  private answered(): void {
    if (this.isDown) this.logger.log('Redis answers again');
    this.isDown = false;
  }

  private failed(error: Error): void {
    const reason = error instanceof NexusError ? `no answer within ${TIMEOUT_MS} ms` : error.message;
    this.pausedUntil = performance.now() + PAUSE_MS;
    if (!this.isDown) this.logger.warn(`Redis cannot be used, so models compute every answer: ${reason}`);
    this.isDown = true;
  }
}
