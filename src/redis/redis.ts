import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config';
import { RedisConnection } from './redis-connection';

/**
 * The Redis of the configuration. Its users finish with it in `beforeApplicationShutdown`, because it closes in
 * `onApplicationShutdown`.
 */
@Injectable()
export class Redis implements OnModuleInit, OnApplicationShutdown {
  /** undefined if none is configured. */
  readonly connection: RedisConnection | undefined;

  constructor({ redisUrl }: Config) {
    this.connection = redisUrl === '' ? undefined : new RedisConnection(redisUrl);
  }

  /** Waits about a second at most, so that the first requests find Redis connected. */
  async onModuleInit(): Promise<void> {
    await this.connection?.opened;
  }

  onApplicationShutdown(): void {
    this.connection?.close();
  }
}
