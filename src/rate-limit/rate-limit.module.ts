import { Global, Module } from '@nestjs/common';
import { Limiter } from '../limits/limiter';
import { LimitsModule } from '../limits/limits.module';
import { Metrics } from '../observability/metrics/metrics';
import { registerScraped } from '../observability/metrics/scraped';
import { RateLimits } from './rate-limits';

/** Limits the requests of each client, tenant and model. */
@Global()
@Module({ imports: [LimitsModule], providers: [RateLimits], exports: [RateLimits] })
export class RateLimitModule {
  constructor({ registry }: Metrics, limiter: Limiter) {
    if (limiter.redisUp === undefined) return;
    registerScraped(registry, {
      name: 'nexus_limits_redis_up',
      help: 'Whether gateways share limits through Redis (1), or each enforces its share or refuses (0).',
      type: 'gauge',
      aggregator: 'min',
      read: () => [{ labels: {}, value: Number(limiter.redisUp) }],
    });
    registerScraped(registry, {
      name: 'nexus_limits_fallbacks_total',
      help: 'Requests whose limits this gateway decided alone, because Redis was not available.',
      type: 'counter',
      read: () => [{ labels: {}, value: limiter.fallbacks }],
    });
  }
}
