import { isUtf8 } from 'node:buffer';
import { errors } from '../common/errors';
import { ELEMENT_BYTES, type Datatype } from './tensor';

/*
 * The elements of tensors as bytes. A BYTES element is its length as uint32, little-endian, then that many bytes: the
 * binary tensor data extension of the Open Inference Protocol V2. In Nexus these are always text in UTF-8.
 */

/** Bytes of the length before each BYTES element, which is the size of the smallest one. */
export const LENGTH_BYTES = 4;

/** Makes the error for bytes that do not fit a tensor; `message` is what was expected and what came. */
export type ErrorFactory = (message: string) => Error;

/** Well-formed strings as BYTES elements, row after row. */
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

/** Writes the bytes of `source` from `start` to `end` into `out` as a BYTES element at `at`. Returns where it ends. */
export function writeElement(out: Buffer, at: number, source: Buffer, start: number, end: number): number {
  const text = out.writeUInt32LE(end - start, at);
  return text + source.copy(out, text, start, end);
}

/** The texts of BYTES elements. They have to be complete. */
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

/** Where the `count` BYTES elements that begin at `at` end. They have to be complete. */
export function skipElements(data: Uint8Array, at: number, count: number): number {
  const bytes = bufferOf(data);
  let end = at;
  for (let index = 0; index < count; index++) end += LENGTH_BYTES + bytes.readUInt32LE(end);
  return end;
}

/** How many BYTES elements `data` has; undefined when the last of them is not complete. */
export function countElements(data: Uint8Array): number | undefined {
  const bytes = bufferOf(data);
  let count = 0;
  let at = 0;
  for (; at + LENGTH_BYTES <= bytes.length; count++) at += LENGTH_BYTES + bytes.readUInt32LE(at);
  return at === bytes.length ? count : undefined;
}

/** Index of the first item of `row` that is no string, or one that cannot become a BYTES element; -1 when all can. */
export function invalidString(row: readonly unknown[]): number {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return index;
  }
  return -1;
}

/** @throws what `refuse` makes, unless `size` is the size of `count` elements. That of BYTES is known from the elements only. */
export function requireSize(size: number, datatype: Datatype, count: number, refuse: ErrorFactory): void {
  const expected = count * ELEMENT_BYTES[datatype];
  if (datatype !== 'BYTES' && size !== expected)
    throw refuse(`expected ${expected} bytes for its datatype and shape, got ${size}`);
}

/**
 * @param path the tensor in its request, for the errors of its elements.
 * @throws invalid for an element that no model takes; what `refuse` makes unless `data` is `count` elements.
 */
export function requireElements(
  data: Buffer,
  datatype: Datatype,
  count: number,
  path: string,
  refuse: ErrorFactory,
): void {
  requireSize(data.length, datatype, count, refuse);
  if (datatype === 'BYTES') requireTexts(data, count, path, refuse);
  else if (datatype === 'BOOL') requireBooleans(data, path);
}

/** @throws invalid unless every byte is 0 or 1. */
export function requireBooleans(data: Buffer, path: string): void {
  for (let at = 0; at < data.length; at++) {
    const byte = data[at]!;
    if (byte > 1)
      throw errors.invalidInput(`${path}: expected bytes 0 and 1 for BOOL, got ${byte} at byte ${at}`, path);
  }
}

/**
 * @param where the element, for the error.
 * @throws invalid unless the bytes from `start` to `end` are UTF-8 without NUL, which is what the strings of models hold.
 */
export function requireText(
  data: Buffer,
  start: number,
  end: number,
  path: string,
  where: () => string = () => path,
): void {
  let at = start;
  // Most texts are ASCII; nothing is made for an error of theirs.
  while (at < end && data[at]! > 0 && data[at]! < 0x80) at++;
  if (at === end) return;
  if (data.subarray(at, end).includes(0))
    throw errors.invalidInput(`${where()}: expected text without NUL bytes for BYTES`, path);
  if (!isUtf8(data.subarray(at, end)))
    throw errors.invalidInput(`${where()}: expected text in UTF-8 for BYTES`, path);
}

function requireTexts(data: Buffer, count: number, path: string, refuse: ErrorFactory): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    const start = at + LENGTH_BYTES;
    const length = start > data.length ? 0 : data.readUInt32LE(at);
    if (start + length > data.length)
      throw refuse(
        `expected ${count} elements, each a uint32 length and as many bytes; element ${index} does not fit`,
      );
    at = start + length;
    requireText(data, start, at, path, () => `${path}, element ${index}`);
  }
  if (at !== data.length)
    throw refuse(`expected ${at} bytes for the ${count} elements of the shape, got ${data.length}`);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
