import { LRUCache } from 'lru-cache';
import type { EncodedResponse } from '../codec/messages';
import type { Known, PendingReply, Replies } from './replies';
import { packed, replyBytes } from './reply-bytes';

interface Entry {
  readonly fingerprint: string;
  readonly response: EncodedResponse;
}

/** Memory of an entry in addition to its response: key, fingerprint and bookkeeping. */
const OVERHEAD_BYTES = 1024;

/** Stores responses in the memory of this process; evicts the least recently used ones. */
export class MemoryReplies implements Replies {
  private readonly running = new Map<string, string>();
  private readonly done: LRUCache<string, Entry>;

  /**
   * @param maxBytes total size of the responses.
   * @param maxEntryBytes larger responses are not stored.
   * @param now a monotonic clock in milliseconds.
   */
  constructor(
    maxBytes: number,
    private readonly maxEntryBytes: number,
    ttlMs: number,
    now: () => number = () => performance.now(),
  ) {
    this.done = new LRUCache({ maxSize: maxBytes, ttl: ttlMs, ttlResolution: 0, perf: { now } });
  }

  begin(key: string, fingerprint: string): Known {
    const running = this.running.get(key);
    if (running !== undefined) return { state: running === fingerprint ? 'running' : 'other' };
    const entry = this.done.get(key);
    if (entry !== undefined)
      return entry.fingerprint === fingerprint
        ? { state: 'done', response: entry.response }
        : { state: 'other' };
    this.running.set(key, fingerprint);
    return { state: 'new', run: this.pending(key, fingerprint) };
  }

  private pending(key: string, fingerprint: string): PendingReply {
    return {
      finish: (response) => {
        this.running.delete(key);
        const bytes = replyBytes(response);
        if (bytes > this.maxEntryBytes) return;
        // Copied, because the parts may be views of the outputs of a whole batch.
        this.done.set(key, { fingerprint, response: packed(response) }, { size: bytes + OVERHEAD_BYTES });
      },
      abandon: () => void this.running.delete(key),
    };
  }
}
