import type { RunResult } from '../runtime/runner';
import type { PackedTensor } from '../runtime/slab-layout';

/** Runs batches, one at a time: a runner. `run` rejects with RunFailure. */
export interface Instance {
  run(inputs: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult>;
}
