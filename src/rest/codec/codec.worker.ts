import { moving, outcomeOf } from '../../common/offload';
import type { InferenceResult } from '../../inference/request/inference-request';
import type { Tensor } from '../../tensor/tensor';
import type { DecodeTask, DialectPlace, EncodeTask } from './codec';
import type { Dialect } from './dialect';
import type { DecodedRequest } from './messages';

/** Runs on the codec thread: {@link Dialect.decode}; the memory of the tensors moves to the caller. */
export function decodeBody({ dialect, body, target }: DecodeTask): unknown {
  // What crosses threads is no Buffer any more.
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const outcome = outcomeOf(() => dialectAt(dialect).decode(bytes, target));
  return moving(outcome, 'value' in outcome ? buffersOf(outcome.value.inputs.map(dataOf)) : []);
}

/** Runs on the codec thread: {@link Dialect.encode}, its JSON in UTF-8; the memory of the answer moves to the caller. */
export function encodeAnswer({ dialect, answer }: EncodeTask): unknown {
  const outcome = outcomeOf(() => {
    const { json, binary } = dialectAt(dialect).encode(answer);
    return { json: typeof json === 'string' ? new TextEncoder().encode(json) : json, binary };
  });
  return moving(outcome, 'value' in outcome ? buffersOf([outcome.value.json, ...outcome.value.binary]) : []);
}

function dialectAt({ module, name }: DialectPlace): Dialect<unknown, DecodedRequest, InferenceResult> {
  const exported = require(module) as Record<string, Dialect<unknown, DecodedRequest, InferenceResult>>;
  return exported[name]!;
}

function dataOf({ data }: Tensor): Uint8Array {
  return data;
}

/** The buffers below `views`; several binary inputs are views of one. */
function buffersOf(views: readonly Uint8Array[]): readonly ArrayBufferLike[] {
  return [...new Set(views.map(({ buffer }) => buffer))];
}
