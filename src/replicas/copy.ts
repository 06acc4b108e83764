/** A version of a document that replicas share. */
export interface Copy extends Edition {
  readonly content: Buffer;
}

/** Which version of a document it is. */
export interface Edition {
  /** Milliseconds since 1970 of the change, and at least one more than the version before it. */
  readonly version: number;
  /** Digest of the content, without spaces. */
  readonly digest: string;
}

/** Before the first version. */
export const NO_EDITION: Edition = { version: 0, digest: '' };

/** What a replica does about a document: take the version of Redis, put its own into Redis, or nothing. */
export type Step = 'adopt' | 'restore' | 'none';

/**
 * The version after `version`. Because it is a time, the latest change wins between replicas that started apart, or after
 * Redis has lost its data.
 */
export function versionAfter(version: number, now: number): number {
  return Math.max(version + 1, now);
}

/**
 * The higher version wins. Of two contents with the same version, that in Redis wins, because replicas use it.
 * @param own of the replica, if it has any.
 * @param shared in Redis, if it has any.
 */
export function stepFor(own: Edition | undefined, shared: Edition | undefined): Step {
  if (shared === undefined) return own === undefined ? 'none' : 'restore';
  if (own === undefined || shared.version > own.version) return 'adopt';
  if (shared.version < own.version) return 'restore';
  return shared.digest === own.digest ? 'none' : 'adopt';
}
