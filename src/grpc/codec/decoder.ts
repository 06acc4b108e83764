import { join } from 'node:path';
import { Offload } from '../../common/offload';
import type { InferInputTensor, ModelInferRequest } from '../messages';
import { decodeInferRequest, type Decoded } from './decode-request';
import type { DecodeCallTask } from './decoder.worker';

/** Elements up to this size take about a millisecond to read; larger requests are decoded on another thread. */
const INLINE_BYTES = 128 * 1024;

/** Datatypes whose raw elements must be validated. */
const CHECKED = ['BYTES', 'BOOL'];

/**
 * Decodes gRPC requests: synchronously, or on another thread if many elements must be read one by one, so that no
 * request blocks the event loop for more than a few milliseconds.
 */
export class Decoder extends Offload {
  constructor() {
    super(join(__dirname, 'decoder.worker.js'), 1);
  }

  /** Same as {@link decodeInferRequest}. @throws NexusError invalid_input, synchronously or as a rejection. */
  decode(message: ModelInferRequest, anyBytes: boolean): Decoded | Promise<Decoded> {
    return bytesToRead(message) <= INLINE_BYTES
      ? decodeInferRequest(message, anyBytes)
      : this.decodeOffloaded(message, anyBytes);
  }

  private async decodeOffloaded(message: ModelInferRequest, anyBytes: boolean): Promise<Decoded> {
    // Copied, because the memory may be shared with other messages.
    const inputs = message.inputs.map((input) => ({ ...input, contents: input.contents.map(copyOf) }));
    const raw = message.raw_input_contents.map(copyOf);
    const copies = [...inputs.flatMap(({ contents }) => contents), ...raw];
    const task: DecodeCallTask = { message: { ...message, inputs, raw_input_contents: raw }, anyBytes };
    const moved = copies.map(({ buffer }) => buffer);
    return this.runOnThread('decodeOnThread', task, moved);
  }
}

/** Bytes of elements in typed contents that must be converted: packed varints and strings. */
export function bytesToUnpack({ inputs }: ModelInferRequest): number {
  let bytes = 0;
  for (const { datatype, contents } of inputs)
    if (!datatype.startsWith('FP')) for (const part of contents) bytes += part.length;
  return bytes;
}

/** Bytes of elements that must be read one by one. */
function bytesToRead(message: ModelInferRequest): number {
  const { inputs, raw_input_contents: raw } = message;
  let bytes = bytesToUnpack(message);
  if (inputs.some(isChecked)) for (const entry of raw) bytes += entry.length;
  return bytes;
}

function isChecked({ datatype }: InferInputTensor): boolean {
  return CHECKED.includes(datatype);
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
