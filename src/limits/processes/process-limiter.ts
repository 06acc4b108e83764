import type { Cluster } from '../../common/cluster';
import type { Config } from '../../config/config';
import type { QuotaCharge } from '../counter';
import { Limiter } from '../limiter';
import { RedisLimiter } from '../redis/redis-limiter';
import type { Verdict } from '../verdict';
import type { LimitRequest } from './limit-service';

/** Maximum units of a limit in one lease. Larger than for Redis, so that processes call the primary process less often. */
const MAX_LEASE = 1000;

/**
 * Enforces limits for all gateway processes on this machine together. It works like several gateways that share a Redis,
 * but the primary process replaces Redis; see LimitService.
 */
export class ProcessLimiter extends Limiter {
  readonly redisUp = undefined;
  private readonly shared: RedisLimiter;

  constructor(cluster: Cluster, settings: Pick<Config, 'limitLease' | 'limitFailure'>) {
    super();
    const primary = {
      // A gateway process ends with its primary process, so it is always reachable.
      isUp: true,
      timeoutMs: Infinity,
      announce: () => {},
      evaluate: (_script: unknown, keys: readonly string[], [message]: readonly (string | Buffer)[]) =>
        cluster.ask('limits', { keys, message: String(message) } satisfies LimitRequest),
    };
    const limitLease = settings.limitLease === 0 ? 0 : MAX_LEASE;
    this.shared = new RedisLimiter(primary, { ...settings, limitLease });
  }

  get fallbacks(): number {
    return this.shared.fallbacks;
  }

  take(charges: readonly QuotaCharge[]): Verdict | Promise<Verdict> {
    return this.shared.take(charges);
  }

  close(): Promise<void> {
    return this.shared.close();
  }
}
