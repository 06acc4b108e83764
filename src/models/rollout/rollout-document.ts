import { createHash } from 'node:crypto';
import type { Copy } from '../../replicas/copy';
import { isRollout, type Rollout } from './state-file';

/** A rollout of an older release, which does not have the time of its change. */
const OLDEST = 1;

/** Maximum size of a document, which the event loop parses: far more than the aliases and weights of a model have. */
const MAX_BYTES = 2 ** 20;

/** The document of `rollout` that replicas share, without the time of its change. */
export function rolloutContent(rollout: Rollout): Buffer {
  // JSON leaves it out.
  return Buffer.from(JSON.stringify({ ...rollout, changedAt: undefined }));
}

/** SHA-256 of a document. */
export function rolloutDigest(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}

export function copyOfRollout(rollout: Rollout): Copy {
  const content = rolloutContent(rollout);
  return { version: rollout.changedAt ?? OLDEST, digest: rolloutDigest(content), content };
}

/** The rollout that a document has; undefined if it has none, or is too large for one. */
export function rolloutIn({ version, content }: Copy): Rollout | undefined {
  if (content.length > MAX_BYTES) return undefined;
  try {
    const value: unknown = { ...(JSON.parse(String(content)) as object), changedAt: version };
    return isRollout(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
