import { join } from 'node:path';
import { movable, Offload } from '../../common/offload';
import type { Tensor } from '../../tensor/tensor';
import type { CheckTask } from './input-check.worker';
import { requireFit } from './input-fit';

/** Reading the elements of this many bytes takes about a millisecond; larger tensors are checked on another thread. */
const INLINE_BYTES = 128 * 1024;

/** Validates inputs from shared memory: synchronously, or on another thread if many elements must be read one by one. */
export class InputCheck extends Offload {
  constructor() {
    super(join(__dirname, 'input-check.worker.js'), 1);
  }

  /**
   * Same as {@link requireFit}. The memory of a large tensor is transferred to the other thread and back.
   *
   * @throws NexusError invalid_input, synchronously or as a rejection.
   */
  check(tensor: Tensor, path: string, anyBytes: boolean): Tensor | Promise<Tensor> {
    const { datatype, data } = tensor;
    const isRead = datatype === 'BYTES' || datatype === 'BOOL';
    if (!isRead || data.byteLength <= INLINE_BYTES) return requireFit(tensor, path, anyBytes);
    const owned = movable(data);
    const task: CheckTask = { tensor: { ...tensor, data: owned }, path, anyBytes };
    return this.runOnThread('check', task, [owned.buffer]);
  }
}
