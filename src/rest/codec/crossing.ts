import type { GenerateTarget } from '../generate/decode';
import type { V2Response } from './messages';
import type { Expected } from '../predict/messages';

/** What the codec thread is asked to decode; its body's memory moves there. */
export interface DecodeTask {
  readonly body: Uint8Array;
  readonly headerLength: number | undefined;
}

/** The body of a request to generate; its memory moves to the codec thread. */
export interface GenerateDecodeTask {
  readonly body: Uint8Array;
  readonly target: GenerateTarget;
}

/** The body of a prediction to decode; its memory moves to the codec thread. */
export interface PredictDecodeTask {
  readonly body: Uint8Array;
  readonly expected: Expected;
}

/** What the codec thread is asked to encode, with the names of the outputs to answer as binary data. */
export interface EncodeTask {
  readonly response: V2Response;
  readonly binary: readonly string[];
}
