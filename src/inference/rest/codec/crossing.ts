import type { V2Response } from './messages';

/** What the codec thread is asked to decode; its body's memory moves there. */
export interface DecodeTask {
  readonly body: Uint8Array;
  readonly headerLength: number | undefined;
}

/** What the codec thread is asked to encode, with the names of the outputs to answer as binary data. */
export interface EncodeTask {
  readonly response: V2Response;
  readonly binary: readonly string[];
}
