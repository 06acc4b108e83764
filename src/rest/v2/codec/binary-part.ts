import { errors } from '../../../common/errors';
import type { Datatype } from '../../../tensor/tensor';
import { requireElements, requireSize } from '../../../tensor/elements';

/** The bytes after the JSON of a request, read tensor by tensor in the order of the inputs. */
export class BinaryPart {
  private at: number;

  /**
   * @param start the end of the JSON, which is the end of `body` if the request has no header length.
   * @param anyBytes whether BYTES may be other than text.
   */
  constructor(
    private readonly body: Buffer,
    start: number,
    private readonly hasHeaderLength: boolean,
    private readonly anyBytes: boolean,
  ) {
    this.at = start;
  }

  /**
   * Returns the next `size` bytes, a view of the body, as the data of a tensor with `count` elements.
   *
   * @throws invalid if the body is too short, `size` does not match the tensor, or the bytes are not values of the datatype.
   */
  take(size: number, datatype: Datatype, count: number, path: string): Uint8Array {
    if (size > 0 && !this.hasHeaderLength) {
      throw this.error(
        path,
        'binary data requires the header Inference-Header-Content-Length, the length of the JSON in bytes',
      );
    }
    requireSize(size, datatype, count, (message) => this.error(path, message));
    const left = this.body.length - this.at;
    if (size > left)
      throw this.error(path, `expected ${size} bytes of binary data, got ${left} before the body ends`);
    const data = this.body.subarray(this.at, (this.at += size));
    const refuse = (message: string) => this.error(path, message);
    requireElements(data, datatype, count, path, refuse, this.anyBytes);
    return data;
  }

  /** @throws invalid if bytes are left. */
  finish(): void {
    const left = this.body.length - this.at;
    if (left > 0) {
      throw errors.invalidInput(
        `the body has ${left} bytes after the last binary tensor; the binary_data_size of all inputs must add up to the bytes after the JSON`,
      );
    }
  }

  private error(path: string, message: string): Error {
    const param = `${path}.parameters.binary_data_size`;
    return errors.invalidInput(`${param}: ${message}`, param);
  }
}
