const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const LOWER_E = 0x65;
/** The bit that makes a letter lower case. */
const LOWER = 0x20;

/** A double holds every integer of this many digits. */
const EXACT_DIGITS = 15;
/** An int32 holds every integer of this many digits. */
const WORD_DIGITS = 9;
/** A double holds ten to the power of this exponent. */
const EXACT_EXPONENT = 22;
/** Larger numbers could exceed the range of FP32. */
const LARGEST = 3e38;
/** The maximum number of dimensions of a tensor, plus one. */
const MAX_DEPTH = 33;

/** Powers of ten that a double holds exactly. */
const POWER = Float64Array.from({ length: EXACT_EXPONENT + 1 }, (_, exponent) => Number(`1e${exponent}`));

/** Above the relative error of a number of many digits: at most 640 roundings, since a double has up to 309 digits. */
const TOLERANCE = 2 ** -40;
const BELOW = 1 - TOLERANCE;
const ABOVE = 1 + TOLERANCE;

/** Finite numbers. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** The numbers of nested arrays, in row-major order. */
export interface ScannedNumbers {
  /** The sizes of the arrays by depth, each at least 1. */
  readonly shape: readonly number[];
  readonly values: Numbers;
}

/**
 * Reads nested arrays of numbers from the bytes of JSON, several times faster than JSON.parse and without an object for
 * each number. Accepts only regular arrays: those of the same depth have the same size, none is empty, and all items
 * are numbers up to 3e38.
 *
 * @param end the index after the last bracket.
 * @param single whether to return float32, which are rounded as if from the numbers of JSON.parse; otherwise the
 * numbers of JSON.parse.
 * @param expected the expected number of elements, to allocate memory.
 * @returns undefined for everything else, valid or not.
 */
export function scanNumbers(
  json: Buffer,
  start: number,
  end: number,
  single: boolean,
  expected: number,
): ScannedNumbers | undefined {
  return new NumberScanner(json, start, end, single, expected).scan();
}

class NumberScanner {
  private values: Numbers;
  private count = 0;
  /** Each element has at least a digit and a delimiter. */
  private readonly mostElements: number;

  constructor(
    private readonly json: Buffer,
    private at: number,
    private readonly end: number,
    private readonly single: boolean,
    expected: number,
  ) {
    this.mostElements = (end - at) >>> 1;
    this.values = this.allocate(expected);
  }

  scan(): ScannedNumbers | undefined {
    const { json } = this;
    // The bracket ends all loops, because it is neither a digit nor white space.
    if (json[this.end - 1] !== CLOSE) return undefined;
    let rank = 0;
    for (; this.peek() === OPEN; rank++) this.at++;
    if (rank === 0 || rank > MAX_DEPTH) return undefined;
    const shape = [0];
    while (shape.length < rank) shape.push(0);
    /** The number of complete items in the open array of each level. */
    const items = [...shape];
    for (;;) {
      const first = this.count;
      if (!this.row()) return undefined;
      let level = rank - 1;
      items[level] = this.count - first;
      while (this.peek() === CLOSE) {
        if (shape[level] === 0) shape[level] = items[level]!;
        else if (shape[level] !== items[level]) return undefined;
        this.at++;
        if (level === 0) return this.at === this.end ? this.result(shape) : undefined;
        items[level--] = 0;
        items[level]!++;
      }
      if (this.at >= this.end || json[this.at] !== COMMA) return undefined;
      for (this.at++; level < rank - 1; level++, this.at++) if (this.peek() !== OPEN) return undefined;
    }
  }

  private result(shape: readonly number[]): ScannedNumbers {
    const { values, count } = this;
    return { shape, values: values.length === count ? values : values.slice(0, count) };
  }

  /** Reads the items of an innermost array, up to its closing bracket. @returns whether all are numbers. */
  private row(): boolean {
    while (!this.usualNumbers()) {
      const number = this.anyNumber();
      // Also true for NaN.
      if (!(Math.abs(number) <= LARGEST)) return false;
      if (this.count === this.values.length) this.grow();
      this.values[this.count++] = number;
      const next = this.peek();
      if (next === CLOSE) return true;
      if (next !== COMMA) return false;
      this.at++;
    }
    return true;
  }

  /**
   * Reads numbers of the most frequent forms, up to the closing bracket. Decoding a tensor is this loop, so it calls
   * nothing and keeps its state in local variables.
   *
   * @returns false if it has stopped before another number, or something else.
   */
  private usualNumbers(): boolean {
    const { json, single, values } = this;
    let { at, count } = this;
    for (; ; count++) {
      this.at = at;
      if (count === values.length) break;
      let byte = json[at]!;
      if (byte === SPACE) byte = json[++at]!;
      const isNegative = byte === MINUS;
      if (isNegative) byte = json[++at]!;
      const start = at;
      let digit = byte - ZERO;
      let whole = 0;
      if (digit === 0) byte = json[++at]!;
      else {
        if (digit >>> 0 > 9) break;
        do {
          whole = whole * 10 + digit;
          byte = json[++at]!;
          digit = byte - ZERO;
        } while (digit >>> 0 <= 9);
        if (at - start > WORD_DIGITS) break;
      }
      let size = whole;
      if (byte === POINT) {
        const first = ++at;
        let end = first + WORD_DIGITS;
        let word = 0;
        digit = json[at]! - ZERO;
        if (digit >>> 0 > 9) break;
        do {
          word = (Math.imul(word, 10) + digit) | 0;
          byte = json[++at]!;
          digit = byte - ZERO;
        } while (digit >>> 0 <= 9 && at < end);
        let fraction = word;
        if (digit >>> 0 <= 9) {
          word = 0;
          end += WORD_DIGITS;
          do {
            word = (Math.imul(word, 10) + digit) | 0;
            byte = json[++at]!;
            digit = byte - ZERO;
          } while (digit >>> 0 <= 9 && at < end);
          fraction = fraction * POWER[at - first - WORD_DIGITS]! + word;
        }
        const power = POWER[at - first]!;
        size = (whole * power + fraction) / power;
        if (at - start > EXACT_DIGITS + 1) {
          if (!single || digit >>> 0 <= 9) break;
          if (Math.fround(size * BELOW) !== Math.fround(size * ABOVE)) break;
        }
      }
      if (byte === COMMA) {
        values[count] = isNegative ? -size : size;
        at++;
      } else if (byte === CLOSE) {
        values[count] = isNegative ? -size : size;
        this.at = at;
        this.count = count + 1;
        return true;
      } else break;
    }
    this.count = count;
    return false;
  }

  /** Reads a number in any form. @returns NaN if there is none. */
  private anyNumber(): number {
    const { json } = this;
    const isNegative = this.peek() === MINUS;
    if (isNegative) this.at++;
    const start = this.at;
    const whole = this.digits(0);
    if (this.at === start || (json[start] === ZERO && this.at > start + 1)) return NaN;
    let mantissa = whole;
    let digits = this.at - start;
    let exponent = 0;
    if (json[this.at] === POINT) {
      const first = ++this.at;
      mantissa = this.digits(mantissa);
      if (this.at === first) return NaN;
      digits += this.at - first;
      exponent = first - this.at;
    }
    if ((json[this.at]! | LOWER) === LOWER_E) {
      const sign = json[++this.at];
      if (sign === MINUS || sign === PLUS) this.at++;
      const first = this.at;
      const written = this.digits(0);
      if (this.at === first) return NaN;
      exponent += sign === MINUS ? -written : written;
    }
    let size = scaled(mantissa, exponent);
    const isRight = digits <= EXACT_DIGITS ? !Number.isNaN(size) : this.single && isCertain(size);
    if (!isRight) size = Number(json.toString('latin1', start, this.at));
    return isNegative ? -size : size;
  }

  /** Reads digits. @returns `before` with these digits appended. */
  private digits(before: number): number {
    const { json } = this;
    let number = before;
    for (let digit = json[this.at]! - ZERO; digit >>> 0 <= 9; digit = json[++this.at]! - ZERO)
      number = number * 10 + digit;
    return number;
  }

  /** The next byte that is not white space. */
  private peek(): number {
    const { json } = this;
    while (isSpace(json[this.at]!)) this.at++;
    return json[this.at]!;
  }

  private grow(): void {
    const larger = this.allocate(2 * this.values.length);
    larger.set(this.values);
    this.values = larger;
  }

  private allocate(size: number): Numbers {
    const length = Math.max(Math.min(size, this.mostElements), 1);
    return this.single ? new Float32Array(length) : new Float64Array(length);
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB;
}

/** `mantissa` times 10 to the power of `exponent`, rounded once; NaN if the power is not exact. */
function scaled(mantissa: number, exponent: number): number {
  if (exponent < 0) return exponent >= -EXACT_EXPONENT ? mantissa / POWER[-exponent]! : NaN;
  return exponent <= EXACT_EXPONENT ? mantissa * POWER[exponent]! : NaN;
}

/** Whether all numbers within the tolerance of `size` round to the same float32. */
function isCertain(size: number): boolean {
  return Math.fround(size * BELOW) === Math.fround(size * ABOVE);
}
