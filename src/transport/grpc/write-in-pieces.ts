/** With larger pieces, a slow transfer would show no progress for too long. */
const PIECE_BYTES = 128 * 1024;

/** Writes to a stream, and calls `done` when the bytes have been sent. */
export type Write = (bytes: Buffer, done: (error?: Error | null) => void) => boolean;

/**
 * Writes `bytes` in pieces, each after the previous one has been sent, so that progress is visible.
 * @param moved called with the size of each piece that has been sent.
 * @returns the result of `write` for the first piece.
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
