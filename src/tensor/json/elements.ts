/// <reference lib="es2025.float16" />

/**
 * Thrown if JSON.parse may have lost precision of a number. The decoder of the request catches it and parses the text
 * again with parseExactJson. Created once, because a stack trace would cost more than the decoding.
 */
export const INEXACT = new Error('a number did not survive JSON.parse');

type Elements = ArrayLike<unknown>;

/** JSON values for floating-point values that JSON numbers cannot express: the strings of proto3's JSON mapping, and null. */
const NON_FINITE = new Map<unknown, number>([
  [null, NaN],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

const LOW_WORD = 2 ** 32;

/*
 * Each function writes the elements of one row to `out`, beginning at index `start`. It returns the index in the row of
 * the first element that the datatype cannot hold, or -1. `exact` is true if the row comes from parseExactJson.
 */

/** Numbers, rounded to nearest even. NaN and infinities are strings or, if `exact`, numbers. Null, a missing value, is NaN. */
export function fillFloats(
  row: Elements,
  out: Float16Array | Float32Array | Float64Array,
  start: number,
  exact: boolean,
): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    const number = typeof value === 'number' ? value : unusualFloat(value);
    if (number === undefined) return i;
    out[start + i] = number;
    if (Number.isFinite(out[start + i]) || typeof value === 'string' || value === null) continue;
    if (Number.isFinite(number)) return i;
    if (!exact) throw INEXACT;
  }
  return -1;
}

function unusualFloat(value: unknown): number | undefined {
  return typeof value === 'bigint' ? Number(value) : NON_FINITE.get(value);
}

/** Whole numbers in the range of `out`. */
export function fillIntegers(
  row: Elements,
  out: Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array,
  start: number,
): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value !== 'number') return i;
    out[start + i] = value;
    // The array wraps or truncates values that it cannot hold.
    if (out[start + i] !== value) return i;
  }
  return -1;
}

/** 64-bit whole numbers, signed or unsigned, written as little-endian pairs of 32 bits. */
export function fillBigIntegers(
  row: Elements,
  out: BigInt64Array | BigUint64Array,
  start: number,
  exact: boolean,
): number {
  const words = new Int32Array(out.buffer);
  const signed = out instanceof BigInt64Array;
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (Number.isSafeInteger(value) && (signed || (value as number) >= 0)) {
      // Writing pairs of words avoids creating a bigint for each number.
      words[2 * (start + i)] = value as number;
      words[2 * (start + i) + 1] = Math.floor((value as number) / LOW_WORD);
      continue;
    }
    if (!exact && Number.isInteger(value) && !Number.isSafeInteger(value)) throw INEXACT;
    const big =
      typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value as number | bigint) : undefined;
    if (big === undefined) return i;
    out[start + i] = big;
    if (out[start + i] !== big) return i;
  }
  return -1;
}

/** True and false as 1 and 0. */
export function fillBooleans(row: Elements, out: Uint8Array, start: number): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value !== 'boolean') return i;
    out[start + i] = value ? 1 : 0;
  }
  return -1;
}
