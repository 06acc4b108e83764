import type { Metadata } from '@grpc/grpc-js';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { InjectThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Budget } from '../transport/caller';
import { errors } from '../common/errors';
import { Config } from '../config/config';
import { callOf } from '../transport/grpc/grpc-call';
import { SkippedRoutes } from './skipped-routes';
import { WindowStorage } from './window-storage';

/**
 * Limits the requests of each client over all routes and protocols together. `@SkipThrottle()` excludes a route. Every
 * HTTP response reports the remaining budget in `RateLimit` (draft-ietf-httpapi-ratelimit-headers) and the older
 * `X-RateLimit-*` headers.
 *
 * For every request, the library's guard looks up the metadata of the route, hashes a key and awaits promises. This guard
 * asks it once per route, uses the client as the key, and decides synchronously.
 */
@Injectable()
export class RateLimitGuard implements CanActivate, Budget {
  /** By handler, whether its route is excluded; absent until its first request. */
  private readonly skipped = new Map<unknown, boolean>();
  private readonly limit: number;
  private readonly windowS: number;

  constructor(
    config: Config,
    @InjectThrottlerStorage() private readonly windows: WindowStorage,
    private readonly skippedRoutes: SkippedRoutes,
  ) {
    this.limit = config.rateLimit;
    this.windowS = config.rateLimitWindowS;
  }

  /** @throws NexusError of kind `rate_limited` if the client has used up its budget. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.limit === 0) return true;
    const isSkipped = this.skipped.get(context.getHandler());
    if (isSkipped === undefined) return this.learn(context);
    if (!isSkipped) this.count(context);
    return true;
  }

  /** @throws NexusError of kind `rate_limited` if the client has used up its budget. */
  spend(caller: string): void {
    if (this.limit === 0) return;
    const { timeToExpire, isBlocked } = this.windows.hit(caller, this.windowS * 1000, this.limit);
    if (isBlocked) throw errors.rateLimited(this.limit, this.windowS, timeToExpire);
  }

  /** On the first request of a route, asks the library whether the route is excluded. */
  private async learn(context: ExecutionContext): Promise<boolean> {
    this.skipped.set(context.getHandler(), await this.skippedRoutes.canActivate(context));
    return this.canActivate(context);
  }

  private count(context: ExecutionContext): void {
    if (context.getType() === 'rpc') {
      this.spend(callOf(context.switchToRpc().getContext<Metadata>()).caller.id);
    } else {
      const http = context.switchToHttp();
      this.admit(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    }
  }

  private admit(request: FastifyRequest, reply: FastifyReply): void {
    const caller = request.caller.id;
    const { totalHits, timeToExpire, isBlocked } = this.windows.hit(caller, this.windowS * 1000, this.limit);
    this.setHeaders(reply, Math.max(0, this.limit - totalHits), timeToExpire);
    if (isBlocked) throw errors.rateLimited(this.limit, this.windowS, timeToExpire);
  }

  private setHeaders(reply: FastifyReply, remaining: number, seconds: number): void {
    reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`);
    reply.header('x-ratelimit-limit', this.limit);
    reply.header('x-ratelimit-remaining', remaining);
    reply.header('x-ratelimit-reset', seconds);
  }
}
