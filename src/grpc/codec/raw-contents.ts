import { errors } from '../../common/errors';
import { ELEMENT_BYTES, elementCount } from '../../tensor/tensor';
import { checkBooleans } from '../../rest/codec/v2/binary-part';
import type { TensorHead } from './decode-request';
import { requireText } from './element-text';

/**
 * `bytes`, an entry of raw_input_contents, as the bytes of a tensor: themselves, once they are known to fit.
 * @throws invalid when they are not as many as the tensor has, or not values of its datatype.
 */
export function readRaw(bytes: Buffer, { name, datatype, shape }: TensorHead, path: string): Uint8Array {
  const count = elementCount(shape);
  const expected = count * ELEMENT_BYTES[datatype];
  if (datatype === 'BYTES') {
    checkStrings(bytes, count, path);
  } else if (bytes.length !== expected) {
    throw errors.invalidInput(
      `${path}: expected ${expected} bytes for input '${name}' (${datatype} [${shape.join(',')}]), got ${bytes.length}; send every element in little-endian bytes`,
      path,
    );
  } else if (datatype === 'BOOL') {
    checkBooleans(bytes, path);
  }
  return bytes;
}

function checkStrings(data: Buffer, count: number, path: string): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    const left = data.length - at - 4;
    const length = left < 0 ? 0 : data.readUInt32LE(at);
    if (length > left) {
      throw errors.invalidInput(
        `${path}: expected ${count} elements, each a uint32 length and as many bytes; element ${index} does not fit`,
        path,
      );
    }
    requireText(data, at + 4, at + 4 + length, index, path);
    at += 4 + length;
  }
  if (at !== data.length) {
    throw errors.invalidInput(
      `${path}: expected ${at} bytes for the ${count} elements of the shape, got ${data.length}`,
      path,
    );
  }
}
