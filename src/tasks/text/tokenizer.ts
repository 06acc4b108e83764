import type { TruncationSide } from '../task-definition';

/** How texts are encoded. */
export interface EncodeOptions {
  /** Whether the tokens that the model expects around a text, such as [CLS] and [SEP], are added. */
  readonly addSpecialTokens: boolean;
  /** Maximum number of tokens of each text or pair, special tokens included. */
  readonly maxTokens: number;
  /** Maximum length of each text in UTF-16 code units. */
  readonly maxCharacters: number;
  /** Index in the request of the first text, for error messages. */
  readonly first: number;
  /** The side that longer texts are cut on; undefined to refuse them. Of a pair, only the second text is cut. */
  readonly truncate: TruncationSide | undefined;
  /** Whether to return offsets. */
  readonly offsets: boolean;
}

/** Encoded texts, one after another. */
export interface Encodings {
  /** Number of tokens of each text. */
  readonly lengths: Int32Array;
  /** Ids of all tokens. */
  readonly ids: Int32Array;
  /** Segment of each token: 0, or 1 for tokens of the second text of a pair. */
  readonly typeIds: Uint8Array;
  /** Start and end of each token in its text, in UTF-16 code units; [0, 0] for special tokens. Undefined unless requested. */
  readonly offsets: Int32Array | undefined;
}

/** A token as clients see it. */
export interface TextToken {
  readonly id: number;
  readonly text: string;
  readonly special: boolean;
  /** Place in the text, in UTF-16 code units; null for special tokens. */
  readonly start: number | null;
  readonly stop: number | null;
}

/** A loaded tokenizer. All work runs off the event loop. */
export interface Tokenizer {
  /** SHA-256 of its file. */
  readonly digest: string;
  /** Number of tokens of the vocabulary, added tokens included. */
  readonly vocabularySize: number;

  /**
   * Encodes `texts`, or pairs of `texts` and `seconds` of equal index. The truncation and padding that tokenizer.json
   * holds are ignored.
   * @throws NexusError invalid_input, naming the index, for a text that is too long while `truncate` is undefined.
   */
  encode(
    texts: readonly string[],
    seconds: readonly string[] | undefined,
    options: EncodeOptions,
  ): Promise<Encodings>;

  /** The tokens of each text, for clients. */
  tokens(texts: readonly string[], addSpecialTokens: boolean): Promise<TextToken[][]>;

  /** The text of each list of token ids. @throws NexusError invalid_input for an id outside the vocabulary. */
  decode(ids: readonly (readonly number[])[], skipSpecialTokens: boolean): Promise<string[]>;

  /** Releases its memory. All other methods then reject with NexusError not_ready. */
  close(): void;
}
