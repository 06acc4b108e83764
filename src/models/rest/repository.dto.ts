/** What to list. */
export class RepositoryIndexRequest {
  /** Whether to leave out what is not READY; false when absent. */
  ready?: boolean;
}

/** One version of a model in the repository index. */
export class RepositoryIndexEntry {
  /** @example digits */
  name: string;
  /** @example 1 */
  version: string;
  /** @example READY */
  state: 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';
  /** Why the version is in this state; empty when there is nothing to say. */
  reason: string;
}

/** How to load or unload a model. */
export class RepositoryChangeRequest {
  /** `unload_dependents` is accepted when a model is unloaded; no model depends on another. */
  parameters?: Record<string, string | boolean>;
}
