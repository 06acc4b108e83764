import { moving, outcomeOf } from '../../../common/threads';
import type { DecodeTask, EncodeTask } from './crossing';
import { decodeRequest } from './decode/request';
import { encodeResponse } from './encode/response';
import type { V2Request } from './messages';

/** Runs on the codec thread: {@link decodeRequest}; the memory of the tensors moves to the caller. */
export function decode({ body, headerLength }: DecodeTask): unknown {
  const outcome = outcomeOf(() => decodeRequest(body, headerLength));
  return moving(outcome, 'value' in outcome ? buffersOf(outcome.value) : []);
}

/** Runs on the codec thread: the JSON of {@link encodeResponse} in UTF-8; its memory moves to the caller. */
export function encode({ response, binary }: EncodeTask): unknown {
  const names = new Set(binary);
  const outcome = outcomeOf(() => {
    const { json } = encodeResponse(response, (name) => names.has(name));
    return typeof json === 'string' ? new TextEncoder().encode(json) : json;
  });
  return moving(outcome, 'value' in outcome ? [outcome.value.buffer] : []);
}

/** The buffers below the tensors; several binary inputs are views of one. */
function buffersOf({ inputs }: V2Request): readonly ArrayBufferLike[] {
  return [...new Set(inputs.map(({ data }) => data.buffer))];
}
