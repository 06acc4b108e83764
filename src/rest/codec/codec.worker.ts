import { moving, outcomeOf } from '../../common/offload';
import type { DecodeTask, EncodeTask, GenerateDecodeTask, PredictDecodeTask } from './crossing';
import { decodeRequest } from '../v2/codec/decode-request';
import { encodeResponse } from '../v2/codec/encode-response';
import { decodeGenerate as decodeGenerateBody } from '../generate/decode';
import { encodeGenerate as encodeGenerateResponse } from '../generate/encode';
import type { EncodedResponse } from './messages';
import { decodePredict } from '../predict/decode';
import { encodePredict } from '../predict/encode';
import type { PredictResponse } from '../predict/messages';
import type { Tensor } from '../../tensor/tensor';

/** Runs on the codec thread: {@link decodeRequest}; the memory of the tensors moves to the caller. */
export function decode({ body, headerLength }: DecodeTask): unknown {
  return decoded(() => decodeRequest(body, headerLength));
}

/** As {@link decode}, for {@link decodePredict}. */
export function decodePrediction({ body, expected }: PredictDecodeTask): unknown {
  return decoded(() => decodePredict(body, expected));
}

/** As {@link decode}, for the generate extension. */
export function decodeGenerate({ body, target }: GenerateDecodeTask): unknown {
  return decoded(() => decodeGenerateBody(body, target));
}

/** Runs on the codec thread: the JSON of {@link encodeResponse} in UTF-8; its memory moves to the caller. */
export function encode({ response, binary }: EncodeTask): unknown {
  const names = new Set(binary);
  return encoded(() => encodeResponse(response, (name) => names.has(name)));
}

/** As {@link encode}, for the generate extension. */
export function encodeGenerate({ response }: EncodeTask): unknown {
  return encoded(() => encodeGenerateResponse(response));
}

/** As {@link encode}, for {@link encodePredict}. */
export function encodePrediction(response: PredictResponse): unknown {
  return encoded(() => encodePredict(response));
}

function decoded(work: () => { readonly inputs: readonly Tensor[] }): unknown {
  const outcome = outcomeOf(work);
  return moving(outcome, 'value' in outcome ? buffersOf(outcome.value.inputs) : []);
}

function encoded(work: () => EncodedResponse): unknown {
  const outcome = outcomeOf(() => {
    const { json } = work();
    return typeof json === 'string' ? new TextEncoder().encode(json) : json;
  });
  return moving(outcome, 'value' in outcome ? [outcome.value.buffer] : []);
}

/** The buffers below the tensors; several binary inputs are views of one. */
function buffersOf(inputs: readonly Tensor[]): readonly ArrayBufferLike[] {
  return [...new Set(inputs.map(({ data }) => data.buffer))];
}
