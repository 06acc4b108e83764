/** One version of a model in the repository index. */
export class RepositoryIndexEntry {
  /** @example digits */
  name: string;
  /** @example 1 */
  version: string;
  /** @example READY */
  state: 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';
  /** Why the version is in this state. May be empty. */
  reason: string;
}
