import { bufferOf } from '../../common/buffer-of';
import { moving, outcomeOf } from '../../common/offload';
import type { ModelInferRequest } from '../messages';
import { decodeInferRequest, type Decoded } from './decode-request';

/** Runs {@link decodeInferRequest} on a worker thread and transfers the memory of the tensors to the caller. */
export function decodeOnThread(message: ModelInferRequest): unknown {
  const inputs = message.inputs.map((input) => ({ ...input, contents: input.contents.map(bufferOf) }));
  const raw_input_contents = message.raw_input_contents.map(bufferOf);
  const outcome = outcomeOf(() => decodeInferRequest({ ...message, inputs, raw_input_contents }));
  return moving(outcome, 'value' in outcome ? ownedBuffers(outcome.value) : []);
}

/** The memory of the tensors to transfer. Small tensors share memory and are copied instead. */
function ownedBuffers({ inputs }: Decoded): readonly ArrayBufferLike[] {
  const owned = inputs.filter(({ data }) => data.byteLength === data.buffer.byteLength);
  return [...new Set(owned.map(({ data }) => data.buffer))];
}
