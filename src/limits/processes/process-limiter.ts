import type { Siblings } from '../../common/siblings';
import type { Config } from '../../config/config';
import type { QuotaCharge } from '../counter';
import { Limiter } from '../limiter';
import { RedisLimiter } from '../redis/redis-limiter';
import type { Verdict } from '../verdict';
import type { LimitQuestion } from './limit-service';

/** Requests of one limit that a process takes at once; far fewer calls than with what is a good lease in Redis. */
const MAX_LEASE = 1000;

/**
 * Enforces limits for all gateway processes on this machine together. It works as several gateways with one Redis do, but
 * the first process answers in place of Redis, see LimitService.
 */
export class ProcessLimiter extends Limiter {
  readonly redisUp = undefined;
  private readonly shared: RedisLimiter;

  constructor(siblings: Siblings, settings: Pick<Config, 'limitLease' | 'limitFailure'>) {
    super();
    const first = {
      // A process ends when the first one does.
      isUp: true,
      timeoutMs: Infinity,
      announce: () => {},
      evaluate: (_script: unknown, keys: readonly string[], [message]: readonly (string | Buffer)[]) =>
        siblings.ask('limits', { keys, message: String(message) } satisfies LimitQuestion),
    };
    const limitLease = settings.limitLease === 0 ? 0 : MAX_LEASE;
    this.shared = new RedisLimiter(first, { ...settings, limitLease });
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
