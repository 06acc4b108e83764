import type { Quotas, Unit } from './quota';

/** Whose use a counter counts: a key, its tenant, a model, or the address of an unknown client. */
export type HolderKind = 'key' | 'tenant' | 'model' | 'address';

/** What a counter counts. */
export type CountedUnit = Unit | 'in_flight';

/** Counts the use of one quota by one holder. Create it once per holder, not per request. */
export class Counter {
  /** Identifies the counter in all gateways: `key:acme/ci:rows_per_minute`. */
  readonly subject: string;
  /** Name for clients: `key_rows_per_minute`. */
  readonly policy: string;

  /**
   * @param holder id of the holder; never a secret.
   * @param name of the quota, such as `rows_per_minute`.
   * @param limit whole number of units, at least 1.
   * @param windowMs window in milliseconds; Infinity for requests in flight, which are released instead.
   */
  constructor(
    readonly kind: HolderKind,
    holder: string,
    name: string,
    readonly unit: CountedUnit,
    readonly limit: number,
    readonly windowMs: number,
  ) {
    this.subject = `${kind}:${holder}:${name}`;
    this.policy = `${kind}_${name}`;
  }
}

/** A number of units that a request takes from a counter. */
export interface QuotaCharge {
  readonly counter: Counter;
  /** Whole number, at least 1; for requests in flight, 1. */
  readonly amount: number;
}

/** How much of each unit a request uses. */
export type Amounts = Readonly<Partial<Record<CountedUnit, number>>>;

/** The counters of all `quotas` of a holder. */
export function countersOf(kind: HolderKind, holder: string, quotas: Quotas): readonly Counter[] {
  const rates = quotas.rates.map(
    ({ name, unit, limit, windowS }) => new Counter(kind, holder, name, unit, limit, windowS * 1000),
  );
  return quotas.inFlight === undefined
    ? rates
    : [...rates, new Counter(kind, holder, 'in_flight', 'in_flight', quotas.inFlight, Infinity)];
}

/** Charges `amounts` to those of `counters` that count them. Units without an amount are not charged. */
export function chargesOf(counters: readonly Counter[], amounts: Amounts): readonly QuotaCharge[] {
  const charges: QuotaCharge[] = [];
  for (const counter of counters) {
    const amount = amounts[counter.unit] ?? 0;
    if (amount > 0) charges.push({ counter, amount });
  }
  return charges;
}
