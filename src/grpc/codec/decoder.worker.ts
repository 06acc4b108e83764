import { bufferOf } from '../../common/buffer-of';
import { moving, outcomeOf } from '../../common/offload';
import type { ModelInferRequest } from '../messages';
import { decodeInferRequest, type Decoded } from './decode-request';

/** A request to decode. */
export interface DecodeCallTask {
  /** With buffers that have become plain arrays of bytes. */
  readonly message: unknown;
  /** Whether BYTES may be other than text. */
  readonly anyBytes: boolean;
}

/** Runs {@link decodeInferRequest} on a worker thread and transfers the memory of the tensors to the caller. */
export function decodeOnThread(task: DecodeCallTask): unknown {
  const { anyBytes } = task;
  const message = task.message as ModelInferRequest;
  const inputs = message.inputs.map((input) => ({ ...input, contents: input.contents.map(bufferOf) }));
  const raw_input_contents = message.raw_input_contents.map(bufferOf);
  const outcome = outcomeOf(() => decodeInferRequest({ ...message, inputs, raw_input_contents }, anyBytes));
  return moving(outcome, 'value' in outcome ? ownedBuffers(outcome.value) : []);
}

/** The memory of the tensors to transfer. Small tensors share memory and are copied instead. */
function ownedBuffers({ inputs }: Decoded): readonly ArrayBufferLike[] {
  const owned = inputs.filter(({ data }) => data.byteLength === data.buffer.byteLength);
  return [...new Set(owned.map(({ data }) => data.buffer))];
}
