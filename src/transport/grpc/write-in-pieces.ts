/** Larger pieces would take long to show that they move at all. */
const PIECE_BYTES = 128 * 1024;

/** Writes to a stream, and calls back when the bytes have left. */
export type Write = (bytes: Buffer, done: (error?: Error | null) => void) => boolean;

/**
 * Writes `bytes` piece by piece, each when the one before has left, so that progress can be seen.
 * @param moved told the bytes of each piece that has left.
 * @returns what `write` says for the first piece.
 */
export function writeInPieces(
  bytes: Buffer,
  write: Write,
  moved: (count: number) => void,
  done: (error?: Error | null) => void,
): boolean {
  const piece = bytes.subarray(0, PIECE_BYTES);
  return write(piece, (error) => {
    moved(piece.length);
    if (error || piece.length === bytes.length) done(error);
    else writeInPieces(bytes.subarray(piece.length), write, moved, done);
  });
}
