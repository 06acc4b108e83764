import { errors } from '../../../common/errors';
import type { Datatype } from '../../../tensor/tensor';
import { requireElements, requireSize } from '../../../tensor/elements';

/** The bytes behind the JSON of a request, handed out tensor by tensor in the order of its inputs. */
export class BinaryPart {
  private at: number;

  /** @param start where the JSON ends; at the end of `body` when the request came without a header length. */
  constructor(
    private readonly body: Buffer,
    start: number,
    private readonly hasHeaderLength: boolean,
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
    requireSize(size, datatype, count, (message) => this.refusal(path, message));
    const left = this.body.length - this.at;
    if (size > left)
      throw this.refusal(path, `expected ${size} bytes of binary data, got ${left} before the body ends`);
    const data = this.body.subarray(this.at, (this.at += size));
    requireElements(data, datatype, count, path, (message) => this.refusal(path, message));
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

  private refusal(path: string, message: string): Error {
    const param = `${path}.parameters.binary_data_size`;
    return errors.invalidInput(`${param}: ${message}`, param);
  }
}
