import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { Siblings } from '../../common/siblings';
import { Config } from '../../config/config';
import type { EncodedResponse } from '../codec/messages';
import { digestOfRequest } from './idempotency-key';
import { Redis } from '../../redis/redis';
import { ProcessReplies } from './process-replies';
import { MemoryReplies } from './memory-replies';
import { RedisReplies } from './redis-replies';
import type { Replies } from './replies';

/** Time in which the response to a request that has reached its deadline is encoded and stored. */
const SLACK_MS = 10_000;

/** Answers retried requests with the response that their first attempt got (draft-ietf-httpapi-idempotency-key-header). */
@Injectable()
export class Idempotency {
  private readonly replies: Replies;

  constructor(
    { idempotencySize, idempotencyTtlS, cacheEntryLimit }: Config,
    { connection }: Redis,
    siblings: Siblings,
  ) {
    const ttlMs = idempotencyTtlS * 1000;
    const local =
      siblings.count === 1
        ? new MemoryReplies(idempotencySize, cacheEntryLimit, ttlMs)
        : new ProcessReplies(siblings, cacheEntryLimit);
    this.replies =
      connection === undefined ? local : new RedisReplies(connection, local, cacheEntryLimit, ttlMs);
  }

  /**
   * The stored response to `request` with the Idempotency-Key `key` of its client; undefined if `run` has run it now. Only
   * successful responses are stored: a failed request has no effect, so a retry runs it again.
   *
   * @param deadline of the request, as performance.now().
   * @param run runs the request, calls its argument with the response, and sends the response once that has resolved.
   * @throws NexusError idempotency_key_reused, idempotency_key_in_flight, and what `run` throws.
   */
  async replay(
    request: FastifyRequest,
    key: string,
    deadline: number,
    run: (store: (response: EncodedResponse) => void | Promise<void>) => Promise<void>,
  ): Promise<EncodedResponse | undefined> {
    const fingerprint = await digestOfRequest(request);
    const maxRunMs = Math.max(0, deadline - performance.now()) + SLACK_MS;
    // Client ids contain no space.
    const known = await this.replies.begin(`${request.caller.id} ${key}`, fingerprint, maxRunMs);
    if (known.state === 'other') throw errors.idempotencyKeyReused();
    if (known.state === 'running') throw errors.idempotencyKeyInFlight();
    if (known.state === 'done') return known.response;
    let isStored = false;
    try {
      await run((response) => {
        isStored = true;
        return known.run.finish(response);
      });
    } finally {
      if (!isStored) await known.run.abandon();
    }
    return undefined;
  }
}
