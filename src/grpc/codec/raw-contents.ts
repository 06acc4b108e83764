import { errors } from '../../common/errors';
import { requireElements } from '../../tensor/elements';
import { ELEMENT_BYTES, elementCount, type TensorHead } from '../../tensor/tensor';

/**
 * Validates `bytes`, an entry of raw_input_contents, as the bytes of a tensor, and returns them unchanged.
 * @param anyBytes whether BYTES may be other than text.
 * @throws NexusError invalid_input if their number does not match the shape, or an element is not valid.
 */
export function readRaw(
  bytes: Buffer,
  { name, datatype, shape }: TensorHead,
  path: string,
  anyBytes: boolean,
): Uint8Array {
  const count = elementCount(shape);
  const expected = count * ELEMENT_BYTES[datatype];
  if (datatype !== 'BYTES' && bytes.length !== expected)
    throw errors.invalidInput(
      `${path}: expected ${expected} bytes for input '${name}' (${datatype} [${shape.join(',')}]), got ${bytes.length}; send every element, in little-endian order`,
      path,
    );
  const refuse = (message: string) => errors.invalidInput(`${path}: ${message}`, path);
  requireElements(bytes, datatype, count, path, refuse, anyBytes);
  return bytes;
}
