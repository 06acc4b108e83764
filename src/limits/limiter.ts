import type { QuotaCharge } from './counter';
import type { Verdict } from './verdict';

/** When a request in flight may end is not known, so clients retry after this time, in milliseconds. */
export const IN_FLIGHT_RETRY_MS = 1000;

/** Enforces limits of rates and of requests in flight. */
export abstract class Limiter {
  /** Whether limits are shared with other gateways at the moment; undefined if they never are. */
  abstract readonly redisUp: boolean | undefined;
  /** Number of decisions that this gateway made alone because Redis was not available. */
  abstract readonly fallbacks: number;

  /**
   * Makes all of `charges`, or none if one of them does not fit. A counter occurs at most once. It returns a promise only
   * if it has to ask Redis.
   * @throws NexusError limits_unavailable, or rejects with it, if Redis is not available and NEXUS_LIMIT_FAILURE=closed.
   */
  abstract take(charges: readonly QuotaCharge[]): Verdict | Promise<Verdict>;

  /** Gives back what was taken in advance. */
  abstract close(): Promise<void>;
}
