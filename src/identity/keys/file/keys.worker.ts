import { moving } from '../../../common/offload';
import { instantOf } from '../expiry';
import type { WrittenKey, WrittenTenant } from '../keys-schema';
import { KeysFileError, parseKeys, readKeysText } from './keys-file';

/** A keys file, in pieces that the event loop can take one at a time. */
export interface KeysPieces {
  /** UTF-8 JSON of lists of keys, {@link PIECE} in each. */
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  /** UTF-8 JSON of lists of tenants. */
  readonly tenants: readonly Uint8Array<ArrayBuffer>[];
  /** When a key expires or its previous key does, in milliseconds since 1970: ascending, each time once. */
  readonly changes: Float64Array<ArrayBuffer>;
}

/** The file, or why it cannot be used. */
export type KeysReading = { readonly pieces: KeysPieces } | { readonly faults: readonly string[] };

/** Keys in a piece: parsing it takes about a millisecond. */
const PIECE = 500;

/** Aliases repeat text that the file has once. */
const MAX_MIB = 512;

/** Runs on the worker thread: reads the keys file at `path` into a {@link KeysReading}. */
export function readKeys(path: string): unknown {
  try {
    const { keys, tenants } = parseKeys(readKeysText(path));
    const pieces: KeysPieces = { keys: piecesOf(keys), tenants: piecesOf(tenants), changes: changesOf(keys) };
    const buffers = [...pieces.keys, ...pieces.tenants, pieces.changes].map(({ buffer }) => buffer);
    return moving({ value: { pieces } }, buffers);
  } catch (error) {
    if (!(error instanceof KeysFileError)) throw error;
    return { value: { faults: error.lines } };
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
