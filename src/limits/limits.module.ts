import { type BeforeApplicationShutdown, Global, Module } from '@nestjs/common';
import { Config } from '../config/config';
import { Redis } from '../redis/redis';
import { Limiter } from './limiter';
import { MemoryLimiter } from './memory-limiter';
import { RedisLimiter } from './redis/redis-limiter';

/** Provides the {@link Limiter}: in Redis if one is configured, otherwise in memory. */
@Global()
@Module({
  providers: [
    {
      provide: Limiter,
      inject: [Config, Redis],
      useFactory: (config: Config, { connection }: Redis): Limiter =>
        connection === undefined ? new MemoryLimiter() : new RedisLimiter(connection, config),
    },
  ],
  exports: [Limiter],
})
export class LimitsModule implements BeforeApplicationShutdown {
  constructor(private readonly limiter: Limiter) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.limiter.close();
  }
}
