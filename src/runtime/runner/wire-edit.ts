import { readSync } from 'node:fs';
import type { ProtobufField, ProtobufFileReader } from './wire';

/** Bytes of an edited message: a range of the source file, or new bytes. */
export type Piece = { readonly start: number; readonly end: number } | Uint8Array;

/**
 * Edits the fields of `message`. For each field, `edit` returns its replacement, an empty list to remove it, or
 * undefined to keep it byte for byte.
 *
 * @throws Error if `message` is not valid.
 */
export function edited(
  reader: ProtobufFileReader,
  message: ProtobufField,
  edit: (field: ProtobufField) => readonly Piece[] | undefined,
): Piece[] {
  const pieces: Piece[] = [];
  let kept = message.start;
  let next = message.start;
  for (const field of reader.fields(message)) {
    const changed = edit(field);
    if (changed !== undefined) {
      pieces.push({ start: kept, end: next }, ...changed);
      kept = field.end;
    }
    next = field.end;
  }
  return [...pieces, { start: kept, end: message.end }];
}

/** Encodes the field `number` with `content`, a message or a text. */
export function delimited(number: number, content: readonly Piece[]): Piece[] {
  const length = content.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return [Uint8Array.of(...varint(number * 8 + 2), ...varint(length)), ...content];
}

/** Encodes the field `number` with `value`, a non-negative integer. */
export function integer(number: number, value: number): Piece[] {
  return [Uint8Array.of(...varint(number * 8), ...varint(value))];
}

/** Assembles `pieces`, reading ranges from `fd`. @throws Error if the file is too short. */
export function assembled(fd: number, pieces: readonly Piece[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + lengthOf(piece), 0));
  let at = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) bytes.set(piece, at);
    else readInto(fd, bytes.subarray(at, at + lengthOf(piece)), piece.start);
    at += lengthOf(piece);
  }
  return bytes;
}

function lengthOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start;
}

/** Reads in chunks, because one call reads at most 2 GiB. */
function readInto(fd: number, bytes: Uint8Array, position: number): void {
  for (let read = 0; read < bytes.length;) {
    const count = readSync(fd, bytes, read, Math.min(bytes.length - read, 2 ** 30), position + read);
    if (count === 0) throw new Error('the file ends inside a field');
    read += count;
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
