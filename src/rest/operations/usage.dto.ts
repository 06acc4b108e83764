import type { UsageCounts } from '../../usage/usage';

/** What one key has used of one model in an hour or day. Rows and bytes are those of successful requests. */
export class UsageEntry implements UsageCounts {
  /**
   * When the hour or day begins, in UTC.
   * @example 2026-01-01T09:00:00Z
   */
  start: string;
  /**
   * Tenant of the key; empty for requests without authentication.
   * @example acme
   */
  tenant: string;
  /**
   * Id of the key, or the subject of the token; empty for requests without authentication.
   * @example billing
   */
  key: string;
  /** @example digits */
  model: string;
  /**
   * All requests that reached the model, including failed ones.
   * @example 1200
   */
  requests: number;
  /**
   * Requests that failed, for whatever reason.
   * @example 3
   */
  failed_requests: number;
  /** @example 4800 */
  rows: number;
  /**
   * Bytes of the input tensors.
   * @example 1228800
   */
  input_bytes: number;
  /**
   * Bytes of the output tensors.
   * @example 192000
   */
  output_bytes: number;
  /**
   * Tokens of texts, for models of text. Responses from the cache cost none.
   * @example 0
   */
  tokens: number;
}

/** A page of usage. */
export class UsageList {
  object: 'list';
  /** At most 1000 entries, sorted by start, tenant, key and model. Hours and days without requests have none. */
  data: UsageEntry[];
  /**
   * Send it as `after` to get the next page. Absent on the last page.
   * @example WzE3NjcyNTgwMDAsImFjbWUiLCJiaWxsaW5nIiwiZGlnaXRzIl0
   */
  next?: string;
}
