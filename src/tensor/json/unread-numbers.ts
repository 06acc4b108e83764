import type { Datatype } from '../tensor';
import { scanNumbers, type ScannedNumbers } from './number-scanner';

/** Thrown if numbers need JSON.parse. Created once, because a stack trace would cost more than the decoding. */
export const UNUSUAL = new Error('the numbers need JSON.parse');

const OPEN = 0x5b;
const SPACE = 0x20;

/** Nested arrays of numbers in the bytes of a JSON body, which are read once their datatype is known. */
export class UnreadNumbers {
  isRead = false;

  /** @param end the index after the last bracket. */
  constructor(
    private readonly json: Buffer,
    private readonly start: number,
    private readonly end: number,
  ) {}

  /** The number of opening brackets at the beginning. */
  get depth(): number {
    let depth = 0;
    for (let at = this.start; ; at++) {
      const byte = this.json[at]!;
      if (byte === OPEN) depth++;
      else if (byte > SPACE) return depth;
    }
  }

  /**
   * Reads the numbers as elements of `datatype`: float32 for FP32, otherwise double, not yet checked against the range.
   *
   * @param expected the expected number of elements.
   * @throws UNUSUAL unless they are regular arrays of numbers.
   */
  read(datatype: Datatype, expected: number): ScannedNumbers {
    if (datatype === 'BOOL' || datatype === 'BYTES') throw UNUSUAL;
    const numbers = scanNumbers(this.json, this.start, this.end, datatype === 'FP32', expected);
    if (numbers === undefined) throw UNUSUAL;
    this.isRead = true;
    return numbers;
  }
}
