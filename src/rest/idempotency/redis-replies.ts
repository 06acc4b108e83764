import { createHash, randomUUID } from 'node:crypto';
import type { RedisConnection } from '../../redis/redis-connection';
import { Script } from '../../redis/script';
import type { EncodedResponse } from '../codec/messages';
import type { Known, PendingReply, Replies } from './replies';
import { decodeReply, encodeReply, replyBytes } from './reply-bytes';

/** Prefix of keys. The number is the version of the format of values. */
const PREFIX = 'nexus:idempotency:1';

/** Values begin with the state and the fingerprint of the request; the response follows once it is done. */
const RUNNING = 'r';
const DONE = 'd';
const FINGERPRINT_LENGTH = 43;

/** Returns the value of the key; if it has none, stores that its request is running. */
const BEGIN = new Script(`
local known = redis.call('GET', KEYS[1])
if not known then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return known`);

/** Replaces the value ARGV[1] of this request by its response, unless the key has expired and been used again. */
const FINISH = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end`);

/** Removes the key if it still has the value ARGV[1] of this request. */
const ABANDON = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`);

/** Stores responses in Redis, shared by all gateways that use it. While Redis is down, each gateway stores its own. */
export class RedisReplies implements Replies {
  /** @param maxEntryBytes larger responses are not stored. */
  constructor(
    private readonly redis: RedisConnection,
    private readonly local: Replies,
    private readonly maxEntryBytes: number,
    private readonly ttlMs: number,
  ) {
    redis.announce('retries with an Idempotency-Key are recognised only by the same gateway');
  }

  async begin(key: string, fingerprint: string, maxRunMs: number): Promise<Known> {
    if (!this.redis.isUp) return this.local.begin(key, fingerprint, maxRunMs);
    const name = `${PREFIX}:${createHash('sha256').update(key).digest('base64url')}`;
    const running = `${RUNNING}${fingerprint}${randomUUID()}`;
    const known = await this.redis.evaluate(BEGIN, [name], [running, String(Math.ceil(maxRunMs))]);
    if (known === undefined) return this.local.begin(key, fingerprint, maxRunMs);
    if (known === null) return { state: 'new', run: this.pending(name, running, fingerprint) };
    return knownOf(known as Buffer, fingerprint);
  }

  private pending(name: string, running: string, fingerprint: string): PendingReply {
    const abandon = async () => void (await this.redis.evaluate(ABANDON, [name], [running]));
    return {
      abandon,
      finish: async (response: EncodedResponse) => {
        if (replyBytes(response) > this.maxEntryBytes) return abandon();
        const done = Buffer.concat([Buffer.from(`${DONE}${fingerprint}`), encodeReply(response)]);
        await this.redis.evaluate(FINISH, [name], [running, done, String(this.ttlMs)]);
      },
    };
  }
}

/** A value that this format does not have counts as another request, because nothing is known of its response. */
function knownOf(value: Buffer, fingerprint: string): Known {
  const state = value.toString('latin1', 0, 1);
  const end = 1 + FINGERPRINT_LENGTH;
  if (value.toString('latin1', 1, end) !== fingerprint) return { state: 'other' };
  if (state === RUNNING) return { state: 'running' };
  const response = decodeReply(value.subarray(end));
  return response === undefined ? { state: 'other' } : { state: 'done', response };
}
