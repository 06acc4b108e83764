import type { EncodedResponse } from '../codec/messages';

/** What is known of a key: nothing, so that the request runs now; that its request is running; or its response. */
export type Known =
  | { readonly state: 'new'; readonly run: PendingReply }
  | { readonly state: 'running' }
  | { readonly state: 'other' }
  | { readonly state: 'done'; readonly response: EncodedResponse };

/**
 * A request that runs under a key. Exactly one of its methods is called, once. A retry that begins after it has resolved
 * finds the result, also at another gateway.
 */
export interface PendingReply {
  /** Stores the response for the time to live, unless it is too large. */
  finish(response: EncodedResponse): void | Promise<void>;
  /** Forgets the key, because the request failed, so that a retry runs it again. */
  abandon(): void | Promise<void>;
}

/** Stores the responses to requests with an Idempotency-Key. */
export interface Replies {
  /**
   * What is known of `key`; `other` if it was used for a request with another fingerprint. If it is new, it counts as
   * running for at most `maxRunMs`.
   */
  begin(key: string, fingerprint: string, maxRunMs: number): Known | Promise<Known>;
}
