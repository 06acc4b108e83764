import { errors } from '../../common/errors';
import type { Datatype } from '../tensor';
import { TYPED_ARRAY, type AnyTypedArray } from '../typed-arrays';
import { fillBigIntegers, fillBooleans, fillFloats, fillIntegers } from './elements';
import { mismatch } from '../../common/mismatch';
import { innermostArrays, locate, type Row } from './rows';
import { encodeStrings, invalidString } from '../elements';
import type { Numbers } from './number-scanner';
import { UnreadNumbers } from './unread-numbers';

const FLOAT = 'a number, null, "NaN", "Infinity" or "-Infinity" in the range of';

/** The valid elements of each datatype, for error messages. */
const EXPECTED: Readonly<Record<Datatype, string>> = {
  BOOL: 'true or false for BOOL',
  UINT8: 'an integer from 0 to 255 for UINT8',
  UINT16: 'an integer from 0 to 65535 for UINT16',
  UINT32: 'an integer from 0 to 4294967295 for UINT32',
  UINT64: 'an integer from 0 to 18446744073709551615 for UINT64',
  INT8: 'an integer from -128 to 127 for INT8',
  INT16: 'an integer from -32768 to 32767 for INT16',
  INT32: 'an integer from -2147483648 to 2147483647 for INT32',
  INT64: 'an integer from -9223372036854775808 to 9223372036854775807 for INT64',
  FP16: `${FLOAT} FP16 (65504 at most)`,
  FP32: `${FLOAT} FP32 (3.4028235e+38 at most)`,
  FP64: `${FLOAT} FP64`,
  BYTES: 'a string of valid Unicode without NUL for BYTES',
};

/**
 * Encodes JSON `data`, flat or nested, as the bytes of a tensor. Only the number of elements must match the shape, as in
 * Triton.
 *
 * @param count the number of elements in the shape.
 * @param exact whether `data` comes from parseExactJson.
 * @throws invalid with the path of the first invalid element; INEXACT if `data` must be parsed exactly.
 */
export function decodeJsonData(
  data: unknown,
  datatype: Datatype,
  count: number,
  path: string,
  exact: boolean,
): Uint8Array {
  const rows =
    data instanceof UnreadNumbers ? [data.read(datatype, count).values] : innermostArrays(data, path);
  requireCount(rows, count, path);
  return encodeRows(
    rows,
    datatype,
    count,
    exact,
    (row, item) => `${path}${locate(data, rows[row] as Row)}[${item}]`,
  );
}

/**
 * Encodes `rows`, which have `count` elements in total, as the bytes of a tensor. Numbers that are not in an array of
 * JSON are rows, too.
 *
 * @param exact whether the elements come from parseExactJson.
 * @param where returns the path of an element in the body from the index of its row and the index in that row.
 * @throws invalid with the path of the first invalid element; INEXACT if the elements must be parsed exactly.
 */
export function encodeRows(
  rows: readonly (Row | Numbers)[],
  datatype: Datatype,
  count: number,
  exact: boolean,
  where: (row: number, item: number) => string,
): Uint8Array {
  const [first] = rows;
  if (datatype === 'FP32' && rows.length === 1 && first instanceof Float32Array)
    return new Uint8Array(first.buffer);
  const out = datatype === 'BYTES' ? undefined : new TYPED_ARRAY[datatype](count);
  let start = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const bad =
      out === undefined ? invalidString(row as Row) : fill(out, datatype === 'BOOL', row, start, exact);
    if (bad !== -1) throw mismatch(where(index, bad), EXPECTED[datatype], row[bad]);
    start += row.length;
  }
  return out === undefined
    ? encodeStrings(rows as readonly (readonly string[])[])
    : new Uint8Array(out.buffer);
}

function requireCount(rows: readonly (Row | Numbers)[], count: number, path: string): void {
  let got = 0;
  for (const row of rows) got += row.length;
  if (got !== count) {
    throw errors.invalidInput(`${path}: expected ${count} elements to match the shape, got ${got}`, path);
  }
}

function fill(
  out: AnyTypedArray,
  booleans: boolean,
  row: Row | Numbers,
  start: number,
  exact: boolean,
): number {
  if (row instanceof Float32Array && out instanceof Float32Array) {
    out.set(row, start);
    return -1;
  }
  if (out instanceof Float32Array || out instanceof Float64Array || out instanceof Float16Array) {
    return fillFloats(row, out, start, exact);
  }
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    return fillBigIntegers(row, out, start, exact);
  }
  return booleans ? fillBooleans(row, out as Uint8Array, start) : fillIntegers(row, out, start);
}
