import { moving, outcomeOf } from '../../common/offload';
import type { Tensor } from '../../tensor/tensor';
import { requireFit } from './input-fit';

/** An input to validate. Its memory is transferred to the thread. */
export interface CheckTask {
  readonly tensor: Tensor;
  readonly path: string;
  readonly anyBytes: boolean;
}

/** Runs {@link requireFit} on a worker thread and transfers the memory of the tensor back to the caller. */
export function check({ tensor, path, anyBytes }: CheckTask): unknown {
  const outcome = outcomeOf(() => requireFit(tensor, path, anyBytes));
  return moving(outcome, 'value' in outcome ? [tensor.data.buffer] : []);
}
