import type { QuotaCharge } from './counter';

/**
 * The units to charge in addition, so that `used` replaces the estimate `charge`; negative to give some back, but never
 * what has drained meanwhile.
 * @param elapsedMs time since the charge.
 */
export function correctionOf({ counter, amount }: QuotaCharge, used: number, elapsedMs: number): number {
  if (used >= amount) return used - amount;
  const drained = (Math.max(0, elapsedMs) * counter.limit) / counter.windowMs;
  return -Math.max(0, amount - Math.max(used, Math.ceil(drained)));
}
