import type { Tensor } from '../../tensor/tensor';

/** The cached responses of one model version. */
export interface Entries {
  /** The outputs stored under `key`; undefined if there are none or they have expired. Never rejects. */
  get(key: string): Promise<readonly Tensor[] | undefined>;
  /** Stores a copy of `outputs`, unless they are too large. Never throws. */
  set(key: string, outputs: readonly Tensor[]): void;
  /** Releases the memory. Do not use the entries afterwards. */
  close(): void;
}

/** A store of cached responses. */
export interface Store {
  /**
   * Opens the entries of a model version, which expire after `ttlMs` milliseconds.
   * @param label the model and its version.
   */
  open(label: string, ttlMs: number): Entries;
  /** Closes the store. */
  close(): Promise<void>;
}

/** Total size of the data of `outputs`, in bytes. */
export function byteLengthOf(outputs: readonly Tensor[]): number {
  return outputs.reduce((sum, { data }) => sum + data.byteLength, 0);
}
