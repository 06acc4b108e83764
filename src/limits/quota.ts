/** What a limit counts: requests, rows of a batch, bytes of input tensors, or tokens of texts. */
export const UNITS = ['requests', 'rows', 'input_bytes', 'tokens'] as const;

export type Unit = (typeof UNITS)[number];

/** Windows of a limit, in seconds. */
export const PERIODS = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const;

export type Period = keyof typeof PERIODS;

/** The setting of one limit, such as `rows_per_minute`. */
export type QuotaName = `${Unit}_per_${Period}`;

/** At most `limit` units in a window of `windowS` seconds. */
export interface Quota {
  readonly name: QuotaName;
  readonly unit: Unit;
  readonly limit: number;
  readonly windowS: number;
}

/** The limits of a key, tenant or model, as in a file. */
export type QuotaSettings = Readonly<Partial<Record<QuotaName | 'in_flight', number>>>;

/** The limits of a key, tenant or model. */
export interface Quotas {
  readonly rates: readonly Quota[];
  /** Maximum number of requests at the same time; undefined for no limit. */
  readonly inFlight: number | undefined;
}

/** No limits. */
export const UNLIMITED: Quotas = { rates: [], inFlight: undefined };

/** The names of all limits, in a fixed order. */
export const QUOTA_NAMES: readonly (QuotaName | 'in_flight')[] = [
  ...UNITS.flatMap((unit) =>
    (Object.keys(PERIODS) as Period[]).map((period): QuotaName => `${unit}_per_${period}`),
  ),
  'in_flight',
];

/** The limits that `settings` sets. Its values are whole numbers of at least 1. */
export function quotasOf(settings: QuotaSettings): Quotas {
  const rates = UNITS.flatMap((unit) =>
    Object.entries(PERIODS).flatMap(([period, windowS]): Quota[] => {
      const name: QuotaName = `${unit}_per_${period as Period}`;
      const limit = settings[name];
      return limit === undefined ? [] : [{ name, unit, limit, windowS }];
    }),
  );
  return rates.length === 0 && settings.in_flight === undefined
    ? UNLIMITED
    : { rates, inFlight: settings.in_flight };
}
