import { isUtf8 } from 'node:buffer';
import { errors } from '../../../common/errors';
import { ELEMENT_BYTES, type Datatype } from '../../../tensor/tensor';

/** The bytes behind the JSON of a request, handed out tensor by tensor in the order of its inputs. */
export class BinaryPart {
  private at: number;

  /**
   * @param start where the JSON ends; at the end of `body` when the request came without a header length.
   * @param parameter the parameter of a tensor that tells the size of its bytes, for errors.
   */
  constructor(
    private readonly body: Buffer,
    start: number,
    private readonly hasHeaderLength: boolean,
    private readonly parameter = 'binary_data_size',
  ) {
    this.at = start;
  }

  /**
   * The next `size` bytes, a view of the body, as a tensor of `count` elements.
   *
   * @throws invalid when the bytes are not there, not as many as the tensor has, or not values of the datatype.
   */
  take(size: number, datatype: Datatype, count: number, path: string): Uint8Array {
    if (size > 0 && !this.hasHeaderLength) {
      throw this.refusal(
        path,
        'binary data needs the header Inference-Header-Content-Length, the bytes of JSON before it',
      );
    }
    const expected = count * ELEMENT_BYTES[datatype];
    if (datatype !== 'BYTES' && size !== expected) {
      throw this.refusal(path, `expected ${expected} bytes for its datatype and shape, got ${size}`);
    }
    const left = this.body.length - this.at;
    if (size > left)
      throw this.refusal(path, `expected ${size} bytes of binary data, got ${left} before the body ends`);
    const data = this.body.subarray(this.at, (this.at += size));
    if (datatype === 'BYTES') this.checkStrings(data, count, path);
    else if (datatype === 'BOOL') checkBooleans(data, path);
    return data;
  }

  /** @throws invalid when bytes are left. */
  finish(): void {
    const left = this.body.length - this.at;
    if (left > 0) {
      throw errors.invalidInput(
        `the body has ${left} bytes behind the last binary tensor; the binary_data_size of all inputs have to add up to the bytes behind the JSON`,
      );
    }
  }

  private checkStrings(data: Buffer, count: number, path: string): void {
    let at = 0;
    for (let i = 0; i < count; i++) {
      const left = data.length - at - 4;
      const length = left < 0 ? 0 : data.readUInt32LE(at);
      if (length > left) {
        throw this.refusal(
          path,
          `expected ${count} elements, each a uint32 length and as many bytes; element ${i} does not fit`,
        );
      }
      checkText(data, at + 4, at + 4 + length, `${path}, element ${i}`, path);
      at += 4 + length;
    }
    if (at !== data.length) {
      throw this.refusal(
        path,
        `expected ${at} bytes for the ${count} elements of the shape, got ${data.length}`,
      );
    }
  }

  private refusal(path: string, message: string): Error {
    const param = `${path}.parameters.${this.parameter}`;
    return errors.invalidInput(`${param}: ${message}`, param);
  }
}

/** @throws invalid unless every byte is 0 or 1. */
export function checkBooleans(data: Buffer, path: string): void {
  for (let i = 0; i < data.length; i++) {
    const byte = data[i] as number;
    if (byte > 1)
      throw errors.invalidInput(`${path}: expected bytes 0 and 1 for BOOL, got ${byte} at byte ${i}`, path);
  }
}

/** @throws invalid unless the bytes from `start` to `end` are UTF-8 without NUL, which is what the models' strings hold. */
export function checkText(data: Buffer, start: number, end: number, where: string, path: string): void {
  let ascii = true;
  for (let at = start; at < end; at++) {
    const byte = data[at] as number;
    if (byte === 0) throw errors.invalidInput(`${where}: expected text without NUL bytes for BYTES`, path);
    if (byte > 0x7f) ascii = false;
  }
  if (!ascii && !isUtf8(data.subarray(start, end))) {
    throw errors.invalidInput(`${where}: expected text in UTF-8 for BYTES`, path);
  }
}
