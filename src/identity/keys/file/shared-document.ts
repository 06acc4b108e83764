import type { Copy } from '../../../replicas/copy';

/** Number of replaced contents that a document remembers. */
const MAX_HISTORY = 1000;

/** Maximum size of the history, which the event loop parses: several times what the digests take. */
const MAX_HISTORY_BYTES = 2 ** 18;

/** The keys that replicas share. */
export interface KeysShared {
  readonly version: number;
  /** SHA-256 of the text. */
  readonly digest: string;
  /** The text, compressed. */
  readonly packed: Uint8Array;
  /** Digests of texts that were replaced, oldest first. A file with one of them is out of date. */
  readonly history: readonly string[];
}

/** The document for Redis: the history as a line of JSON, then the compressed text. */
export function keysDocument(history: readonly string[], packed: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ history })}\n`), packed]);
}

/** The keys in a document of Redis; undefined if it is none. */
export function keysIn({ version, digest, content }: Copy): KeysShared | undefined {
  const end = content.indexOf('\n');
  if (end > MAX_HISTORY_BYTES) return undefined;
  try {
    const { history } = JSON.parse(content.toString('utf8', 0, end)) as { history: unknown };
    if (!Array.isArray(history) || !history.every((entry) => typeof entry === 'string')) return undefined;
    return { version, digest, packed: content.subarray(end + 1), history };
  } catch {
    return undefined;
  }
}

/** The history of a text with `digest` that replaces `shared`, and the file with the digest `file`. */
export function historyAfter(
  shared: KeysShared | undefined,
  file: string,
  digest: string,
): readonly string[] {
  const all = shared === undefined ? [file] : [...shared.history, shared.digest, file];
  return [...new Set(all.filter((entry) => entry !== digest))].slice(-MAX_HISTORY);
}
