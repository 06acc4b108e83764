import { noUsage, type UsageRow } from '../../../src/usage/usage';
import type { UsageQuery } from '../../../src/usage/usage-store';

/** A row of usage with `requests` and what `more` says. */
export function row(start: number, requests: number, more: Partial<UsageRow> = {}): UsageRow {
  return { start, tenant: 't', key: 'k', model: 'm', ...noUsage(), requests, ...more };
}

/** Selects everything by hour, except for what `more` says. */
export function select(more: Partial<UsageQuery> = {}): UsageQuery {
  return {
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    by: 'hour',
    tenant: undefined,
    key: undefined,
    model: undefined,
    after: undefined,
    limit: 1000,
    ...more,
  };
}
