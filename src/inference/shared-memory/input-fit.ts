import { errors } from '../../common/errors';
import { requireElements } from '../../tensor/elements';
import { elementCount, type Tensor } from '../../tensor/tensor';

/**
 * `tensor`, whose bytes come from shared memory, once they are known to fit.
 *
 * @param path the input that it is in its request.
 * @throws NexusError invalid_input when they are not as many as the tensor has, or not values of its datatype.
 */
export function requireFit(tensor: Tensor, path: string): Tensor {
  const { datatype, shape, data } = tensor;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const param = `${path}.parameters.shared_memory_byte_size`;
  requireElements(bytes, datatype, elementCount(shape), path, (message) =>
    errors.invalidInput(`${param}: ${message}`, param),
  );
  return tensor;
}
