/** Numbers of each token of several texts, from a model. */
export interface TokenTensor {
  /** [rows, tokens, size], row-major. */
  readonly values: Float32Array;
  readonly rows: number;
  /** Tokens of each row, padding included. */
  readonly tokens: number;
  /** Numbers of each token. */
  readonly size: number;
  /** [rows, tokens]: 0 for padding, 1 for a token of the text. */
  readonly mask: Uint8Array;
}
