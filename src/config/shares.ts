import { availableParallelism } from 'node:os';
import { quarterOfMemory } from '../common/memory-in-flight';
import { Config } from './config';

/** The cores of one gateway process: its share of those that are available, at least 1. */
export function coresOf({ processes }: Pick<Config, 'processes'>): number {
  return Math.max(1, Math.floor(availableParallelism() / processes));
}

/** The settings of one of the gateway processes: each gets an equal share of what the settings limit for all of them. */
export function shareOf(config: Config): Config {
  const share = (limit: number, least: number) => Math.max(least, Math.floor(limit / config.processes));
  const { memoryBudget, memoryInFlight, maxConnections } = config;
  return Object.assign(new Config(), config, {
    // 0 means no limit.
    memoryBudget: memoryBudget === 0 ? 0 : share(memoryBudget, 1),
    maxConnections: maxConnections === 0 ? 0 : share(maxConnections, 1),
    memoryInFlight: share(memoryInFlight || quarterOfMemory(), 1),
    overrideSize: share(config.overrideSize, 0),
    cacheSize: share(config.cacheSize, 1024),
  });
}
