import { elementCount, type Tensor } from '../../../tensor/tensor';
import { BinaryPart } from './binary-part';

/**
 * `tensor`, whose bytes come from shared memory, once they are known to fit.
 *
 * @param path the input that it is in its request.
 * @throws invalid when they are not as many as the tensor has, or not values of its datatype.
 */
export function checkMemoryInput(tensor: Tensor, path: string): Tensor {
  const { datatype, shape, data } = tensor;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const whole = new BinaryPart(bytes, 0, true, 'shared_memory_byte_size');
  whole.take(data.byteLength, datatype, elementCount(shape), path);
  return tensor;
}
