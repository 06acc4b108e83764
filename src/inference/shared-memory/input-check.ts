import { join } from 'node:path';
import { movable, Offload } from '../../common/offload';
import type { Tensor } from '../../tensor/tensor';
import type { CheckTask } from './input-check.worker';
import { requireFit } from './input-fit';

/** The elements in this many bytes are read in about a millisecond; more go to another thread. */
const INLINE_BYTES = 128 * 1024;

/** Checks inputs from shared memory: at once, or on another thread where many elements have to be read one by one. */
export class InputCheck extends Offload {
  constructor() {
    super(join(__dirname, 'input-check.worker.js'), 1);
  }

  /**
   * As {@link requireFit}. The memory of a large tensor that has to be read is given away, and comes back.
   *
   * @throws NexusError invalid_input, at once or as the rejection of the promise.
   */
  check(tensor: Tensor, path: string): Tensor | Promise<Tensor> {
    const { datatype, data } = tensor;
    const isRead = datatype === 'BYTES' || datatype === 'BOOL';
    if (!isRead || data.byteLength <= INLINE_BYTES) return requireFit(tensor, path);
    const owned = movable(data);
    const task: CheckTask = { tensor: { ...tensor, data: owned }, path };
    return this.elsewhere('check', task, [owned.buffer]);
  }
}
