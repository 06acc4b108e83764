import { moving, outcomeOf } from '../../common/offload';
import type { Tensor } from '../../tensor/tensor';
import { requireFit } from './input-fit';

/** An input whose bytes to check; their memory moves to the thread. */
export interface CheckTask {
  readonly tensor: Tensor;
  readonly path: string;
}

/** Runs on another thread: {@link requireFit}; the memory of the tensor moves back to the caller. */
export function check({ tensor, path }: CheckTask): unknown {
  const outcome = outcomeOf(() => requireFit(tensor, path));
  return moving(outcome, 'value' in outcome ? [tensor.data.buffer] : []);
}
