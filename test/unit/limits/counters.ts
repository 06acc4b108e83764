import { Counter, type CountedUnit, type HolderKind } from '../../../src/limits/counter';
import type { Passed, Refused, Verdict } from '../../../src/limits/verdict';

/** The counter of `unit` of one holder. */
export function counter(
  limit: number,
  windowMs: number,
  holder = 'one',
  unit: CountedUnit = 'rows',
  kind: HolderKind = 'key',
): Counter {
  return new Counter(kind, holder, `${unit}_per_window`, unit, limit, windowMs);
}

/** A counter of requests in flight. */
export function slots(limit: number, holder = 'one'): Counter {
  return new Counter('key', holder, 'in_flight', 'in_flight', limit, Infinity);
}

/** `verdict`, which must be a pass. */
export function passed(verdict: Verdict): Passed {
  if (!verdict.passed) throw new Error(`refused by ${verdict.by.subject}`);
  return verdict;
}

/** `verdict`, which must be a refusal. */
export function refused(verdict: Verdict): Refused {
  if (verdict.passed) throw new Error('passed');
  return verdict;
}
