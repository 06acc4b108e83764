import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { Config } from '../../config/config';
import type { CachePolicy } from '../../repository/model-settings';
import type { Servable } from '../../models/model';
import { Metrics } from '../../observability/metrics/metrics';
import { registerScraped } from '../../observability/metrics/scraped';
import { Redis } from '../../redis/redis';
import type { RedisConnection } from '../../redis/redis-connection';
import type { Store } from './entries';
import { MemoryStore } from './memory-store';
import { RedisStore } from './redis-store';
import { VersionCache, type CachedResult } from './version-cache';

/** The response cache of all models whose settings enable it. */
@Injectable()
export class InferenceCache implements OnApplicationShutdown {
  private readonly store: Store;
  private readonly versions = new WeakMap<Servable, VersionCache>();

  constructor(config: Config, { registry }: Metrics, { connection }: Redis) {
    this.store =
      connection === undefined ? inMemory(config, registry) : inRedis(connection, config, registry);
  }

  /** Runs `job` on `version`, using its cache if it has one. Rejects with a NexusError. */
  run(version: Servable, job: Parameters<Servable['run']>[0]): Promise<CachedResult> {
    const { cache: policy } = version.options;
    if (policy === undefined) return version.run(job);
    let cache = this.versions.get(version);
    if (cache === undefined) this.versions.set(version, (cache = this.open(version, policy)));
    return cache.run(job);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }

  private open(version: Servable, policy: CachePolicy): VersionCache {
    const entries = this.store.open(`${version.name}/${version.version}`, policy.ttl_s * 1000);
    version.unloading.addEventListener('abort', () => entries.close(), { once: true });
    return new VersionCache(version, policy, entries);
  }
}

function inMemory({ cacheSize, cacheEntryLimit }: Config, registry: Registry): Store {
  const store = new MemoryStore(cacheSize, cacheEntryLimit);
  gauge(registry, 'nexus_cache_bytes', 'Memory of cached responses.', () => store.bytes);
  return store;
}

function inRedis(redis: RedisConnection, { cacheEntryLimit }: Config, registry: Registry): Store {
  gauge(registry, 'nexus_cache_redis_up', '1 if Redis is available, otherwise 0.', () => Number(redis.isUp));
  return new RedisStore(redis, cacheEntryLimit);
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  registerScraped(registry, { name, help, type: 'gauge', read: () => [{ labels: {}, value: value() }] });
}

/** Header, or metadata over gRPC, of the responses of a model with a cache: `hit` or `miss`. */
export const CACHE_HEADER = 'x-cache';
