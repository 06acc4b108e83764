import { LRUCache } from 'lru-cache';
import type { Tensor } from '../../tensor/tensor';
import { byteLengthOf, type Entries, type Store } from './entries';

/** Memory of an entry in addition to the bytes of its tensors: key, names, shapes and bookkeeping. */
const OVERHEAD_BYTES = 1024;

type Kept = LRUCache<string, readonly Tensor[]>;

/**
 * Stores responses in the memory of this process. If their total size would exceed `maxBytes`, the model version with the
 * largest cache evicts its least recently used responses.
 */
export class MemoryStore implements Store {
  private readonly versions = new Set<Kept>();

  /**
   * @param maxEntryBytes larger responses are not stored.
   * @param now a monotonic clock in milliseconds.
   */
  constructor(
    private readonly maxBytes: number,
    private readonly maxEntryBytes: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Total size of the stored responses, in bytes. */
  get bytes(): number {
    let sum = 0;
    for (const { calculatedSize } of this.versions) sum += calculatedSize;
    return sum;
  }

  open(_label: string, ttlMs: number): Entries {
    const kept: Kept = new LRUCache({
      maxSize: this.maxBytes,
      ttl: ttlMs,
      ttlResolution: 0,
      perf: { now: this.now },
    });
    this.versions.add(kept);
    return {
      get: async (key) => kept.get(key),
      set: (key, outputs) => this.keep(kept, key, outputs),
      close: () => this.versions.delete(kept),
    };
  }

  async close(): Promise<void> {
    this.versions.clear();
  }

  private keep(kept: Kept, key: string, outputs: readonly Tensor[]): void {
    const bytes = byteLengthOf(outputs);
    if (bytes > this.maxEntryBytes) return;
    // Copied, because they may be views of the outputs of a whole batch.
    const copies = outputs.map((output) => ({ ...output, data: new Uint8Array(output.data) }));
    kept.set(key, copies, { size: bytes + OVERHEAD_BYTES });
    while (this.bytes > this.maxBytes) this.largest().pop();
  }

  private largest(): Kept {
    return [...this.versions].reduce((most, other) =>
      other.calculatedSize > most.calculatedSize ? other : most,
    );
  }
}
