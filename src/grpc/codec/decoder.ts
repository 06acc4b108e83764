import { join } from 'node:path';
import { Offload } from '../../common/offload';
import type { InferInputTensor, ModelInferRequest } from '../messages';
import { decodeInferRequest, type Decoded } from './decode-request';

/** So many bytes of elements are read in about a millisecond; more go to another thread. */
const INLINE_BYTES = 128 * 1024;

/** Datatypes whose raw elements have rules. */
const CHECKED = ['BYTES', 'BOOL'];

/**
 * Decodes the requests of gRPC: at once, or on another thread where many elements have to be read one by one, so that
 * no request holds up the event loop for more than a few milliseconds.
 */
export class Decoder extends Offload {
  constructor() {
    super(join(__dirname, 'decoder.worker.js'), 1);
  }

  /** As {@link decodeInferRequest}. @throws invalid, at once or as the rejection of the promise. */
  decode(message: ModelInferRequest): Decoded | Promise<Decoded> {
    return bytesToRead(message) <= INLINE_BYTES ? decodeInferRequest(message) : this.decodeElsewhere(message);
  }

  private async decodeElsewhere(message: ModelInferRequest): Promise<Decoded> {
    // Copied, because other messages may be in the same memory.
    const inputs = message.inputs.map((input) => ({ ...input, contents: input.contents.map(copyOf) }));
    const raw = message.raw_input_contents.map(copyOf);
    const copies = [...inputs.flatMap(({ contents }) => contents), ...raw];
    const task = { ...message, inputs, raw_input_contents: raw };
    const moved = copies.map(({ buffer }) => buffer);
    return this.elsewhere('decodeOnThread', task, moved);
  }
}

/** Bytes of elements in typed contents that are not taken as they are: packed varints, strings. */
export function bytesToUnpack({ inputs }: ModelInferRequest): number {
  let bytes = 0;
  for (const { datatype, contents } of inputs)
    if (!datatype.startsWith('FP')) for (const part of contents) bytes += part.length;
  return bytes;
}

/** Bytes of elements that have to be looked at one by one. */
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
