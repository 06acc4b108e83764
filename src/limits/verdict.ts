import type { Counter } from './counter';
import type { Unit } from './quota';

/** The state of a counter after a decision, for the headers of the response. */
export interface Standing {
  readonly counter: Counter;
  /** Units that would pass now; a whole number. */
  readonly remaining: number;
  /** Time in milliseconds until the whole limit is available again, if nothing else is charged. */
  readonly resetMs: number;
}

/** All charges of the request have been made. */
export interface Passed {
  readonly passed: true;
  /** In the order of the charges. */
  readonly standings: readonly Standing[];
  /** Gives back the charges to rate limits, because the request failed through no fault of its client. Repeats do nothing. */
  refund(): void;
  /**
   * Replaces the charge of `unit`, which was an estimate, with `amount`, what the request has used. A larger amount is charged
   * even if the limit has no room for it, which is then used up, but for a window at most. What has drained since the charge
   * is not given back. Call it at most once.
   */
  correct(unit: Unit, amount: number): void;
  /** Ends the request for limits of requests in flight. Every request that passed must call it. Repeats do nothing. */
  release(): void;
}

/** None of the charges has been made. */
export interface Refused {
  readonly passed: false;
  /** The counter without enough room; if several have not, the one that needs the longest time. */
  readonly by: Counter;
  /** Time in milliseconds until the request would pass; undefined if it exceeds the limit itself, so that it never can. */
  readonly retryAfterMs: number | undefined;
  /** In the order of the charges. */
  readonly standings: readonly Standing[];
}

export type Verdict = Passed | Refused;
