import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Budget } from '../transport/caller';
import { Config } from '../config/config';
import { RateLimitGuard } from './rate-limit.guard';
import { SkippedRoutes } from './skipped-routes';
import { WindowStorage } from './window-storage';

/** Limits the requests of each client, on every route that does not opt out. */
@Global()
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config],
      useFactory: ({ rateLimit, rateLimitWindowS }: Config) => ({
        throttlers: [{ limit: rateLimit, ttl: rateLimitWindowS * 1000 }],
        storage: new WindowStorage(),
      }),
    }),
  ],
  providers: [
    SkippedRoutes,
    RateLimitGuard,
    { provide: APP_GUARD, useExisting: RateLimitGuard },
    { provide: Budget, useExisting: RateLimitGuard },
  ],
  exports: [Budget],
})
export class RateLimitModule {}
