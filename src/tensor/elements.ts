import type { Row } from '../rest/codec/json/rows';

/** Bytes of the length before each string. */
const PREFIX = 4;

/** Index of the first item of `row` that is no string, or one that cannot become a BYTES element; -1 when all can. */
export function invalidString(row: Row): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return i;
  }
  return -1;
}

/** Well-formed strings as BYTES elements: of each its length in UTF-8 as uint32, then that UTF-8. */
export function encodeStrings(rows: readonly (readonly string[])[]): Uint8Array {
  let total = 0;
  for (const row of rows) for (const text of row) total += PREFIX + Buffer.byteLength(text);
  const out = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const row of rows) {
    for (const text of row) {
      const length = out.write(text, at + PREFIX);
      out.writeUInt32LE(length, at);
      at += PREFIX + length;
    }
  }
  return out;
}
