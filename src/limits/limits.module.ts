import { type BeforeApplicationShutdown, Global, Module } from '@nestjs/common';
import { Config } from '../config/config';
import { Redis } from '../redis/redis';
import { Limiter } from './limiter';
import { LocalLimiter } from './local-limiter';
import { RedisLimiter } from './redis/redis-limiter';

/** Provides the {@link Limiter}: in Redis if one is configured, otherwise on this machine. */
@Global()
@Module({
  providers: [
    {
      provide: Limiter,
      inject: [Config, Redis, LocalLimiter],
      useFactory: (config: Config, { connection }: Redis, local: LocalLimiter): Limiter =>
        connection === undefined ? local.limiter : new RedisLimiter(connection, config),
    },
    LocalLimiter,
  ],
  exports: [Limiter, LocalLimiter],
})
export class LimitsModule implements BeforeApplicationShutdown {
  constructor(
    private readonly limiter: Limiter,
    private readonly local: LocalLimiter,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    // Without Redis they are the same.
    const limiters = new Set([this.limiter, this.local.limiter]);
    await Promise.all(Array.from(limiters, (limiter) => limiter.close()));
  }
}
