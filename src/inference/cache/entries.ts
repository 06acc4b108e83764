import type { Tensor } from '../../tensor/tensor';

/** The answers kept for one version of a model. */
export interface Entries {
  /** The outputs kept under `key`; undefined when there are none, or none that are young enough. Never rejects. */
  get(key: string): Promise<readonly Tensor[] | undefined>;
  /** Keeps a copy of `outputs`, unless they are too large. Never throws. */
  set(key: string, outputs: readonly Tensor[]): void;
  /** Lets go of the memory; nothing is asked for any more. */
  close(): void;
}

/** Where answers are kept. */
export interface Store {
  /**
   * Entries that are given again for `ttlMs` milliseconds.
   * @param label the model and its version.
   */
  open(label: string, ttlMs: number): Entries;
  /** Keeps nothing from now on. */
  close(): Promise<void>;
}

/** Bytes of the data of `outputs`. */
export function byteLengthOf(outputs: readonly Tensor[]): number {
  return outputs.reduce((sum, { data }) => sum + data.byteLength, 0);
}
