import { bufferOf } from '../../common/buffer-of';
import { errors } from '../../common/errors';
import { requireElements } from '../../tensor/elements';
import { elementCount, type Tensor } from '../../tensor/tensor';

/**
 * Validates the data of `tensor`, which comes from shared memory, and returns the tensor.
 *
 * @param path path of the input in its request.
 * @throws NexusError invalid_input if the size does not match the shape, or an element is not valid.
 */
export function requireFit(tensor: Tensor, path: string): Tensor {
  const { datatype, shape, data } = tensor;
  const param = `${path}.parameters.shared_memory_byte_size`;
  requireElements(bufferOf(data), datatype, elementCount(shape), path, (message) =>
    errors.invalidInput(`${param}: ${message}`, param),
  );
  return tensor;
}
