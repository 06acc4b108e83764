import { bufferOf } from '../common/buffer-of';
import { isUtf8 } from 'node:buffer';
import { errors } from '../common/errors';
import { ELEMENT_BYTES, type Datatype } from './tensor';

/*
 * Tensor elements as bytes. A BYTES element is a little-endian uint32 length followed by that many bytes, as in the
 * binary tensor data extension of the Open Inference Protocol V2. In Nexus, BYTES elements are UTF-8 text, except encoded
 * pictures.
 */

/** Size of the length prefix of a BYTES element, and so of the smallest element. */
export const LENGTH_BYTES = 4;

/** Makes the error for bytes that do not match a tensor; `message` contains what was expected and what it got. */
export type ErrorFactory = (message: string) => Error;

/** Encodes well-formed strings as BYTES elements, row by row. */
export function encodeStrings(rows: readonly (readonly string[])[]): Buffer<ArrayBuffer> {
  let total = 0;
  for (const row of rows) for (const text of row) total += LENGTH_BYTES + Buffer.byteLength(text);
  const out = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const row of rows) {
    for (const text of row) {
      const length = out.write(text, at + LENGTH_BYTES);
      out.writeUInt32LE(length, at);
      at += LENGTH_BYTES + length;
    }
  }
  return out;
}

/** Writes the bytes of `source` from `start` to `end` as a BYTES element to `out` at `at`. Returns the end offset. */
export function writeElement(out: Buffer, at: number, source: Buffer, start: number, end: number): number {
  const text = out.writeUInt32LE(end - start, at);
  return text + source.copy(out, text, start, end);
}

/** Decodes BYTES elements, which must be complete. */
export function decodeStrings(data: Uint8Array): string[] {
  const bytes = bufferOf(data);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
    texts.push(bytes.toString('utf8', at + LENGTH_BYTES, end));
    at = end;
  }
  return texts;
}

/** The BYTES elements of `data`, which must be complete, as views of it. */
export function elementsOf(data: Uint8Array): Buffer[] {
  const bytes = bufferOf(data);
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
    elements.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return elements;
}

/** Returns the end offset of the `count` BYTES elements that begin at `at`. They must be complete. */
export function skipElements(data: Uint8Array, at: number, count: number): number {
  const bytes = bufferOf(data);
  let end = at;
  for (let index = 0; index < count; index++) end += LENGTH_BYTES + bytes.readUInt32LE(end);
  return end;
}

/** The number of BYTES elements in `data`; undefined if the last one is incomplete. */
export function countElements(data: Uint8Array): number | undefined {
  const bytes = bufferOf(data);
  let count = 0;
  let at = 0;
  for (; at + LENGTH_BYTES <= bytes.length; count++) at += LENGTH_BYTES + bytes.readUInt32LE(at);
  return at === bytes.length ? count : undefined;
}

/** Index of the first item of `row` that is not a string or cannot be a BYTES element; -1 if all items are valid. */
export function invalidString(row: readonly unknown[]): number {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return index;
  }
  return -1;
}

/** @throws the error of `refuse` unless `size` is the size of `count` elements. Accepts any size for BYTES. */
export function requireSize(size: number, datatype: Datatype, count: number, refuse: ErrorFactory): void {
  const expected = count * ELEMENT_BYTES[datatype];
  if (datatype !== 'BYTES' && size !== expected)
    throw refuse(`expected ${expected} bytes for its datatype and shape, got ${size}`);
}

/**
 * @param path path of the tensor in the request, for errors of its elements.
 * @param anyBytes whether BYTES elements may be other than text, as for pictures.
 * @throws invalid if an element is not valid for its datatype; the error of `refuse` unless `data` has `count`
 * elements.
 */
export function requireElements(
  data: Buffer,
  datatype: Datatype,
  count: number,
  path: string,
  refuse: ErrorFactory,
  anyBytes = false,
): void {
  requireSize(data.length, datatype, count, refuse);
  if (datatype === 'BYTES') requireTexts(data, count, path, refuse, anyBytes);
  else if (datatype === 'BOOL') requireBooleans(data, path);
}

/** @throws invalid unless every byte is 0 or 1. */
export function requireBooleans(data: Buffer, path: string): void {
  for (let at = 0; at < data.length; at++) {
    const byte = data[at]!;
    if (byte > 1)
      throw errors.invalidInput(
        `${path}: expected bytes of 0 or 1 for BOOL, got ${byte} at byte ${at}`,
        path,
      );
  }
}

/**
 * @param where names the element in the error.
 * @throws invalid unless the bytes from `start` to `end` are UTF-8 without NUL, as models require.
 */
export function requireText(
  data: Buffer,
  start: number,
  end: number,
  path: string,
  where: () => string = () => path,
): void {
  let at = start;
  // Fast path: most texts are ASCII.
  while (at < end && data[at]! > 0 && data[at]! < 0x80) at++;
  if (at === end) return;
  if (data.subarray(at, end).includes(0))
    throw errors.invalidInput(`${where()}: expected text without NUL bytes for BYTES`, path);
  if (!isUtf8(data.subarray(at, end)))
    throw errors.invalidInput(`${where()}: expected text in UTF-8 for BYTES`, path);
}

function requireTexts(
  data: Buffer,
  count: number,
  path: string,
  refuse: ErrorFactory,
  anyBytes: boolean,
): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    const start = at + LENGTH_BYTES;
    const length = start > data.length ? 0 : data.readUInt32LE(at);
    if (start + length > data.length)
      throw refuse(
        `expected ${count} elements, each a uint32 length followed by that many bytes; element ${index} is incomplete`,
      );
    at = start + length;
    if (!anyBytes) requireText(data, start, at, path, () => `${path}, element ${index}`);
  }
  if (at !== data.length)
    throw refuse(`expected ${at} bytes for the ${count} elements of the shape, got ${data.length}`);
}
