import { hash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { moving } from '../../../common/offload';
import { updateFile } from '../../../common/update-file';
import { instantOf } from '../expiry';
import type { WrittenKey, WrittenTenant } from '../keys-schema';
import { KeysFileError, MAX_KEYS_MIB, parseKeys, readKeysText } from './keys-file';
import { mergeKeys } from './merge-keys';

/** A keys file, in pieces that the event loop can take one at a time. */
export interface KeysPieces {
  /** UTF-8 JSON of lists of keys, {@link PIECE} in each. */
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  /** UTF-8 JSON of lists of tenants. */
  readonly tenants: readonly Uint8Array<ArrayBuffer>[];
  /** When a key expires or its previous key does, in milliseconds since 1970: ascending, each time once. */
  readonly changes: Float64Array<ArrayBuffer>;
}

/** The text of a keys file as replicas share it. */
export interface PackedKeys {
  /** SHA-256 of the text. */
  readonly digest: string;
  /** The text, compressed by zstd. */
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** Keys to use, or why they cannot be used. */
export type KeysReading =
  (PackedKeys & { readonly pieces: KeysPieces }) | { readonly faults: readonly string[] };

/** What became of a keys file that was to be written. */
export type KeysWriting = 'written' | 'changed' | { readonly failure: string };

/** A keys file to write. */
export interface KeysToWrite {
  readonly path: string;
  readonly packed: Uint8Array;
  /** Digests of the content that it may replace. */
  readonly over: readonly string[];
}

/** Three versions of a keys file, see {@link mergeKeys}. */
export type KeysToMerge = Readonly<Record<'base' | 'mine' | 'theirs', Uint8Array>>;

/** Keys in a piece: parsing it takes about a millisecond. */
const PIECE = 500;

/** Aliases repeat text that the file has once. */
const MAX_MIB = 512;

/** Runs on the worker thread: reads the keys file at `path` into a {@link KeysReading}. */
export function readKeys(path: string): unknown {
  return readingOf(() => readKeysText(path));
}

/** Runs on the worker thread: reads the text in `packed` into a {@link KeysReading}. */
export function unpackKeys(packed: Uint8Array): unknown {
  return readingOf(() => textIn(packed));
}

/** Runs on the worker thread: merges keys files into a {@link KeysReading}. */
export function mergePacked({ base, mine, theirs }: KeysToMerge): unknown {
  return readingOf(() => mergeKeys(textIn(base), textIn(mine), textIn(theirs)));
}

/** Runs on the worker thread: writes a keys file, and returns {@link KeysWriting}. */
export async function writeKeys({ path, packed, over }: KeysToWrite): Promise<unknown> {
  const text = textIn(packed);
  let writing: KeysWriting = 'written';
  try {
    await updateFile(path, (before) => {
      if (over.includes(digestOf(before))) return text;
      writing = 'changed';
      throw new Error('the file has changed');
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (writing === 'written') writing = { failure: code ?? message };
  }
  return { value: writing };
}

function readingOf(read: () => string): unknown {
  try {
    const text = read();
    const { keys, tenants } = parseKeys(text);
    const pieces: KeysPieces = { keys: piecesOf(keys), tenants: piecesOf(tenants), changes: changesOf(keys) };
    const packed = new Uint8Array(zstdCompressSync(text));
    const buffers = [...pieces.keys, ...pieces.tenants, pieces.changes, packed].map(({ buffer }) => buffer);
    return moving({ value: { pieces, packed, digest: digestOf(text) } }, buffers);
  } catch (error) {
    if (!(error instanceof KeysFileError)) throw error;
    return { value: { faults: error.lines } };
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

function textIn(packed: Uint8Array): string {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: MAX_KEYS_MIB * 2 ** 20 }).toString();
  } catch {
    throw new KeysFileError(['the keys that replicas share cannot be unpacked']);
  }
}

function piecesOf(list: readonly (WrittenKey | WrittenTenant)[]): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (let from = 0; from < list.length; from += PIECE) {
    const piece = encoder.encode(JSON.stringify(list.slice(from, from + PIECE)));
    bytes += piece.byteLength;
    if (bytes > MAX_MIB * 2 ** 20)
      throw new KeysFileError([`expected at most ${MAX_MIB} MiB with its aliases expanded`]);
    pieces.push(piece);
  }
  return pieces;
}

function changesOf(keys: readonly WrittenKey[]): Float64Array<ArrayBuffer> {
  const texts = keys.flatMap(({ expires, previous }) => [expires ?? [], previous?.until ?? []].flat());
  const instants = new Set(texts.map((text) => instantOf(text)!));
  return Float64Array.from([...instants].toSorted((one, other) => one - other));
}
