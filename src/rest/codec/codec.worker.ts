import { bufferOf } from '../../common/buffer-of';
import { moving, outcomeOf, outcomeOfAsync } from '../../common/offload';
import type { InferenceResult } from '../../inference/request/inference-request';
import type { Tensor } from '../../tensor/tensor';
import type { DecodeTask, DialectPlace, EncodeTask } from './codec';
import type { Wire } from './dialect';
import type { DecodedRequest } from './messages';

/** Runs {@link Wire.decode} on the codec thread. The memory of the tensors is transferred to the caller. */
export async function decodeBody({ dialect, body, target }: DecodeTask): Promise<unknown> {
  const outcome = await outcomeOfAsync(async () => dialectAt(dialect).decode(bufferOf(body), target));
  return moving(outcome, 'value' in outcome ? buffersOf(outcome.value.inputs.map(dataOf)) : []);
}

/** Runs {@link Wire.encode} on the codec thread, with JSON as UTF-8. The memory of the response is transferred to the caller. */
export function encodeAnswer({ dialect, answer }: EncodeTask): unknown {
  const outcome = outcomeOf(() => {
    const { json, binary } = dialectAt(dialect).encode(answer);
    return { json: typeof json === 'string' ? new TextEncoder().encode(json) : json, binary };
  });
  return moving(outcome, 'value' in outcome ? buffersOf([outcome.value.json, ...outcome.value.binary]) : []);
}

function dialectAt({ module, name }: DialectPlace): Wire<unknown, DecodedRequest, InferenceResult> {
  const exported = require(module) as Record<string, Wire<unknown, DecodedRequest, InferenceResult>>;
  return exported[name]!;
}

function dataOf({ data }: Tensor): Uint8Array {
  return data;
}

/** The distinct buffers of `views`, because several binary inputs can share one buffer. */
function buffersOf(views: readonly Uint8Array[]): readonly ArrayBufferLike[] {
  return [...new Set(views.map(({ buffer }) => buffer))];
}
