import type { Quotas } from '../limits/quota';
import type { Scope } from './scope';

/** The client that sent a request, and what it may do. */
export interface Caller {
  /**
   * Identifies the client in queues, caches, sticky traffic, limits and the log: `<tenant>/<key>`, or the address of an
   * unknown client. An IPv6 host has a whole /64, which counts as one client.
   */
  readonly id: string;
  /** undefined for a client that has not authenticated. */
  readonly tenant: string | undefined;
  /** Id of its key, or the subject of its token or certificate; undefined for a client that has not authenticated. */
  readonly key: string | undefined;
  /** Limits of its key. */
  readonly quotas: Quotas;
  /** Whether it has at least one of `scopes`. */
  has(...scopes: readonly Scope[]): boolean;
  /** Whether it may use `model`, and know that the model exists. */
  sees(model: string): boolean;
  /** Whether it sees every model, so that lists need no filter. */
  readonly seesAll: boolean;
}
