import { timingSafeEqual } from 'node:crypto';
import { UNLIMITED } from '../../limits/quota';
import type { Caller } from '../caller';
import { KnownCaller } from '../known-caller';
import type { Verified } from '../verified';
import { SCOPES } from '../scope';
import { keyDigest } from './api-key';
import { KEY_DEFAULTS } from './keys-schema';

/** The keys of NEXUS_API_KEY. Each has every scope, all models and no limits. Their ids are `env-1`, `env-2` and so on. */
export class EnvironmentKeys {
  private readonly callers: ReadonlyMap<string, { readonly digest: Buffer; readonly verified: Verified }>;
  /** Text of another length is no key, and needs no hash. */
  private readonly lengths: ReadonlySet<number>;

  /** @param keys texts of the keys; any text of printable ASCII characters. */
  constructor(keys: readonly string[]) {
    this.callers = new Map(
      keys.map((key, index) => {
        const digest = keyDigest(key);
        return [digest.toString('hex'), { digest, verified: { caller: callerOf(index) } }];
      }),
    );
    this.lengths = new Set(keys.map(({ length }) => length));
  }

  /** The client with this key, if there is one. The look-up by digest reveals nothing of the key by its duration. */
  find(presented: string): Verified | undefined {
    if (!this.lengths.has(presented.length)) return undefined;
    const digest = keyDigest(presented);
    const found = this.callers.get(digest.toString('hex'));
    return found !== undefined && timingSafeEqual(found.digest, digest) ? found.verified : undefined;
  }
}

function callerOf(index: number): Caller {
  const { tenant, models } = KEY_DEFAULTS;
  return new KnownCaller({ key: `env-${index + 1}`, tenant, scopes: SCOPES, models, quotas: UNLIMITED });
}
