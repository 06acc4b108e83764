import { bufferOf } from '../../common/buffer-of';
import { errors } from '../../common/errors';
import { requireElements } from '../../tensor/elements';
import { elementCount, type Tensor } from '../../tensor/tensor';

/**
 * Validates the data of `tensor`, which comes from shared memory, and returns the tensor.
 *
 * @param path path of the input in its request.
 * @param anyBytes whether BYTES may be other than text, as for pictures.
 * @throws NexusError invalid_input if the size does not match the shape, or an element is not valid.
 */
export function requireFit(tensor: Tensor, path: string, anyBytes: boolean): Tensor {
  const { datatype, shape, data } = tensor;
  const param = `${path}.parameters.shared_memory_byte_size`;
  const refuse = (message: string) => errors.invalidInput(`${param}: ${message}`, param);
  requireElements(bufferOf(data), datatype, elementCount(shape), path, refuse, anyBytes);
  return tensor;
}
