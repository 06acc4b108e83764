import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../common/caller';
import { errors } from '../common/errors';
import type { WindowStorage } from './window-storage';

/** The same promise for every request that may pass: nothing here takes time. */
const ALLOWED = Promise.resolve(true);

/** Metadata that `@SkipThrottle()` leaves for the only limit there is. */
const SKIP = 'THROTTLER:SKIPdefault';

/**
 * Limits how many requests a caller may send, over all routes together; `@SkipThrottle()` leaves a route out. Tells
 * the state of the budget on every answer: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers),
 * and the older `X-RateLimit-*`.
 *
 * The guard of the library looks up the metadata of the route and hashes a key for every request; this one asks once
 * a route, and the caller is the key.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  private readonly skipped = new Map<unknown, boolean>();
  private limit: number;
  private windowMs: number;
  private policy: string;
  private windows: WindowStorage;

  override async onModuleInit(): Promise<void> {
    await super.onModuleInit();
    this.windows = this.storageService as WindowStorage;
    const [{ limit, ttl }] = this.throttlers as [{ limit: number; ttl: number }];
    this.limit = limit;
    this.windowMs = ttl;
    this.policy = `"default";q=${limit};w=${ttl / 1000}`;
  }

  /** @throws NexusError of kind `rate_limited`, at once, when the budget of the caller is spent. */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.limit === 0 || this.isSkipped(context)) return ALLOWED;
    const http = context.switchToHttp();
    const caller = callerOf(http.getRequest<FastifyRequest>());
    const { totalHits, timeToExpire, isBlocked } = this.windows.hit(caller, this.windowMs, this.limit);
    this.tell(http.getResponse<FastifyReply>(), Math.max(0, this.limit - totalHits), timeToExpire);
    if (isBlocked) throw errors.rateLimited(this.limit, this.windowMs / 1000, timeToExpire);
    return ALLOWED;
  }

  private isSkipped(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    let skipped = this.skipped.get(handler);
    if (skipped === undefined) {
      skipped = this.reflector.getAllAndOverride<boolean>(SKIP, [handler, context.getClass()]) ?? false;
      this.skipped.set(handler, skipped);
    }
    return skipped;
  }

  private tell(reply: FastifyReply, remaining: number, seconds: number): void {
    reply.header('ratelimit-policy', this.policy);
    reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`);
    reply.header('x-ratelimit-limit', this.limit);
    reply.header('x-ratelimit-remaining', remaining);
    reply.header('x-ratelimit-reset', seconds);
  }
}
