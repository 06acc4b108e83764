import type { EncodeOptions } from './tokenizer';

/** Maximum size of a tokenizer.json in bytes. The largest published ones, of 260,000 tokens, have about 35 MiB. */
export const MAX_TOKENIZER_BYTES = 64 * 2 ** 20;

/** How the thread finds a tokenizer. */
export interface TokenizerFile {
  /** Unique among those of a thread. */
  readonly number: number;
  readonly path: string;
  /** SHA-256 of the contents that were loaded; undefined before. */
  readonly digest: string | undefined;
}

/** What the thread reports about a file that it has loaded. */
export interface LoadedFile {
  readonly digest: string;
  readonly vocabularySize: number;
}

/** Encodes a piece of a request. */
export interface EncodePiece {
  readonly file: TokenizerFile;
  /** Index in the request of the first text of this piece, for error messages. */
  readonly first: number;
  readonly texts: readonly string[];
  readonly seconds: readonly string[] | undefined;
  readonly options: EncodeOptions;
}

/** Encodes a piece of texts for clients. */
export interface TokensPiece {
  readonly file: TokenizerFile;
  readonly first: number;
  readonly texts: readonly string[];
  readonly addSpecialTokens: boolean;
}

/** The tokens of a piece, in arrays that are transferred. */
export interface PieceTokens {
  /** Number of tokens of each text. */
  readonly lengths: Int32Array;
  readonly ids: Int32Array;
  /** 1 for special tokens. */
  readonly special: Uint8Array;
  /** Start and end of each token, in UTF-16 code units. */
  readonly offsets: Int32Array;
  /** The special tokens by id. */
  readonly names: ReadonlyMap<number, string>;
}

/** Decodes a piece of lists of ids, one after another. */
export interface DecodePiece {
  readonly file: TokenizerFile;
  readonly first: number;
  readonly lengths: Int32Array;
  readonly ids: Int32Array;
  readonly skipSpecialTokens: boolean;
}

/** What the trial of a tokenizer reports if its process does not end before. */
export type TrialReport = { readonly digest: string } | { readonly fault: string };
