import type { CountedTokens } from './token-usage';

/** Reads the tokens of a response that passes by. It changes nothing, and its memory is bounded. */
export interface UsageReader {
  /** Reads the next bytes of the response. */
  push(chunk: Uint8Array): void;
  /** Number of pieces of generated text. 0 for a response that is not streamed. */
  readonly pieces: number;
  /** Whether the response can be interrupted between two events after what has been read. */
  readonly isBetweenEvents: boolean;
  /** What the target has counted so far; undefined if it has not said so. */
  usage(): CountedTokens | undefined;
}
