import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';

/** Names to find, and their bytes. */
export type WantedNames = readonly { readonly name: string; readonly bytes: Uint8Array }[];

/** `names` of members, at most 32 ASCII characters each. */
export function wantedNames(names: readonly string[]): WantedNames {
  return names.map((name) => ({ name, bytes: Buffer.from(name) }));
}

/** Whether `expected` is in `text` at `start`. */
export function isAt(text: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++)
    if (text[start + index] !== expected[index]) return false;
  return true;
}

/** Whether `byte` can be part of a number, of true, of false or of null. */
export function isScalar(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x2b ||
    byte === 0x45
  );
}

/** The error for `byte` at `offset`, where JSON has something else. */
export function unexpected(expected: string, byte: number, offset: number): NexusError {
  return errors.invalidInput(
    `the body is not valid JSON: expected ${expected}, got ${shownByte(byte)} at byte ${offset}`,
  );
}

/** `byte` as a message shows it. */
export function shownByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `the byte ${byte}`;
}
