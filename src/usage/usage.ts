/** What usage counts. Rows, bytes and tokens are those of successful requests. To count something else, add a row here. */
export const USAGE_UNITS = [
  'requests',
  'failed_requests',
  'rows',
  'input_bytes',
  'output_bytes',
  'tokens',
] as const;

export type UsageUnit = (typeof USAGE_UNITS)[number];

/** An amount of each unit, as whole numbers. */
export type UsageCounts = Record<UsageUnit, number>;

/** Whose usage, and of which model. */
export interface UsageSubject {
  /** Tenant and id of the key; both empty for requests without authentication. */
  readonly tenant: string;
  readonly key: string;
  readonly model: string;
}

/** The usage of one hour or day. */
export interface UsageRow extends UsageSubject, Readonly<UsageCounts> {
  /** When the hour or day begins in UTC, in seconds since 1970. */
  readonly start: number;
}

export const HOUR_S = 3600;
export const DAY_S = 86_400;

/** Zero of each unit. */
export function noUsage(): UsageCounts {
  return Object.fromEntries(USAGE_UNITS.map((unit) => [unit, 0])) as UsageCounts;
}
