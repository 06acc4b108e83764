import type { Hash } from 'node:crypto';

/** Hashing this many bytes takes half a millisecond. */
const PIECE_BYTES = 512 * 1024;

/** Adds `parts` to `hash`, in pieces: the event loop runs other tasks after each {@link PIECE_BYTES}. */
export async function hashInPieces(hash: Hash, parts: Iterable<Uint8Array>): Promise<void> {
  let hashed = 0;
  for (const part of parts) {
    for (let start = 0; start < part.byteLength; start += PIECE_BYTES) {
      const piece = part.subarray(start, start + PIECE_BYTES);
      if (hashed + piece.byteLength > PIECE_BYTES) {
        await nextTurn();
        hashed = 0;
      }
      hash.update(piece);
      hashed += piece.byteLength;
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
