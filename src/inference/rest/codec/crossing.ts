import { NexusError } from '../../../common/errors';
import type { Tensor } from '../../../runtime/tensor';
import type { GenerateTarget } from './generate/decode';
import type { V2Response } from './messages';
import type { Expected } from './predict/messages';

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

/** An input from shared memory that the codec thread is asked to check; the memory of its bytes moves there. */
export interface CheckTask {
  readonly tensor: Tensor;
  readonly path: string;
}

/** What the codec thread answers: a value, or the fields of the {@link NexusError} that it refused with. */
export type Outcome<T> =
  { readonly value: T } | { readonly refusal: Pick<NexusError, 'kind' | 'code' | 'message' | 'details'> };

/** The outcome of `work`, in a form that crosses threads; structured clone would leave only the message of an error. */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof NexusError)) throw error;
    const { kind, code, message, details } = error;
    return { refusal: { kind, code, message, details } };
  }
}

/** The value of an outcome from the other thread. @throws NexusError that was thrown there. */
export function settle<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const { kind, code, message, details } = outcome.refusal;
  throw new NexusError(kind, code, message, details);
}

/** `bytes` with memory of their own, which can move to another thread: themselves, or a copy of a view. */
export function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
    return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}
