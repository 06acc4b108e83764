import type { Siblings } from '../../common/siblings';
import type { Config } from '../../config/config';
import { RedisLimiter } from '../redis/redis-limiter';
import type { LimitQuestion } from './limit-service';

/**
 * Enforces limits for all gateway processes on this machine together. It is the limiter of several gateways with one Redis,
 * but the first process answers in place of Redis, see LimitService.
 */
export class ProcessLimiter extends RedisLimiter {
  constructor(siblings: Siblings, settings: Pick<Config, 'limitLease' | 'limitFailure'>) {
    super(
      {
        // A process ends when the first one does.
        isUp: true,
        timeoutMs: Infinity,
        announce: () => {},
        evaluate: (_script, keys, [message]) =>
          siblings.ask('limits', { keys, message: String(message) } satisfies LimitQuestion),
      },
      settings,
    );
  }

  override get redisUp(): undefined {
    return undefined;
  }
}
