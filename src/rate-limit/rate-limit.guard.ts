import type { Metadata } from '@grpc/grpc-js';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Budget, callerOf } from '../transport/caller';
import { errors } from '../common/errors';
import { Config } from '../config/config';
import { callOf } from '../transport/grpc/grpc-call';
import { WindowStorage } from './window-storage';

/** Metadata that `@SkipThrottle()` leaves for the only limit there is. */
const SKIP = 'THROTTLER:SKIPdefault';

/**
 * Limits how many requests a caller may send, over all routes and protocols together; `@SkipThrottle()` leaves a route
 * out. Tells the state of the budget on every answer of HTTP: `RateLimit` (draft-ietf-httpapi-ratelimit-headers), and the older
 * `X-RateLimit-*`.
 *
 * The guard of the library looks up the metadata of the route, hashes a key and waits for promises on every request;
 * this one asks once a route, the caller is the key, and it answers at once.
 */
@Injectable()
export class RateLimitGuard implements CanActivate, Budget {
  private readonly skipped = new Map<unknown, boolean>();
  private readonly limit: number;
  private readonly windowS: number;

  constructor(
    config: Config,
    @InjectThrottlerStorage() private readonly windows: WindowStorage,
    private readonly reflector: Reflector,
  ) {
    this.limit = config.rateLimit;
    this.windowS = config.rateLimitWindowS;
  }

  /** @throws NexusError of kind `rate_limited` when the budget of the caller is spent. */
  canActivate(context: ExecutionContext): boolean {
    if (this.limit === 0 || this.isSkipped(context)) return true;
    if (context.getType() === 'rpc') {
      const { address } = callOf(context.switchToRpc().getContext<Metadata>());
      this.spend(callerOf({ ip: address }));
    } else {
      const http = context.switchToHttp();
      this.admit(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    }
    return true;
  }

  /** @throws NexusError of kind `rate_limited` when the budget of the caller is spent. */
  spend(caller: string): void {
    if (this.limit === 0) return;
    const { timeToExpire, isBlocked } = this.windows.hit(caller, this.windowS * 1000, this.limit);
    if (isBlocked) throw errors.rateLimited(this.limit, this.windowS, timeToExpire);
  }

  private admit(request: FastifyRequest, reply: FastifyReply): void {
    const caller = callerOf(request);
    const { totalHits, timeToExpire, isBlocked } = this.windows.hit(caller, this.windowS * 1000, this.limit);
    this.tell(reply, Math.max(0, this.limit - totalHits), timeToExpire);
    if (isBlocked) throw errors.rateLimited(this.limit, this.windowS, timeToExpire);
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
    reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`);
    reply.header('x-ratelimit-limit', this.limit);
    reply.header('x-ratelimit-remaining', remaining);
    reply.header('x-ratelimit-reset', seconds);
  }
}
