import { errors } from '../../common/errors';
import { requireElements } from '../../tensor/elements';
import { ELEMENT_BYTES, elementCount } from '../../tensor/tensor';
import type { TensorHead } from '../messages';

/**
 * `bytes`, an entry of raw_input_contents, as the bytes of a tensor: themselves, once they are known to fit.
 * @throws invalid when they are not as many as the tensor has, or not values of its datatype.
 */
export function readRaw(bytes: Buffer, { name, datatype, shape }: TensorHead, path: string): Uint8Array {
  const count = elementCount(shape);
  const expected = count * ELEMENT_BYTES[datatype];
  if (datatype !== 'BYTES' && bytes.length !== expected)
    throw errors.invalidInput(
      `${path}: expected ${expected} bytes for input '${name}' (${datatype} [${shape.join(',')}]), got ${bytes.length}; send every element in little-endian bytes`,
      path,
    );
  requireElements(bytes, datatype, count, path, (message) =>
    errors.invalidInput(`${path}: ${message}`, path),
  );
  return bytes;
}
