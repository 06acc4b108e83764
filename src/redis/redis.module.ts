import { Global, Module } from '@nestjs/common';
import { Redis } from './redis';

/** Provides the {@link Redis} of the process to every feature. */
@Global()
@Module({ providers: [Redis], exports: [Redis] })
export class RedisModule {}
