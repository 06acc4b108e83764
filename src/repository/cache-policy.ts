import type { ModelSettings } from './model-settings';

const DEFAULT: CachePolicy = { ttl_s: 60, scope: 'caller' };

/** How the answers of a model are cached. */
export interface CachePolicy {
  /** How long an answer is given again, in seconds. */
  readonly ttl_s: number;
  /** Who is given it: whoever sends the same request, or only the caller that it was computed for. */
  readonly scope: 'all' | 'caller';
}

/** The policy that `settings` ask for; undefined when answers are not cached. */
export function cachePolicyOf({ cache, response_cache = false }: ModelSettings): CachePolicy | undefined {
  const asked = cache ?? response_cache;
  if (asked === false) return undefined;
  return asked === true ? DEFAULT : { ...DEFAULT, ...asked };
}
