import { join } from 'node:path';
import { errors } from '../../common/errors';
import { movable, Offload } from '../../common/offload';
import type { InferenceResult } from '../../inference/request/inference-request';
import { LENGTH_BYTES } from '../../tensor/elements';
import { ELEMENT_BYTES } from '../../tensor/tensor';
import type { Wire } from './dialect';
import type { DecodedRequest, EncodedResponse } from './messages';

const WORKER = join(__dirname, 'codec.worker.js');

/** JSON of this length is decoded in 0.5 to 2 ms. Longer JSON is decoded on the codec thread. */
const INLINE_BYTES = 128 * 1024;

/** This many elements are encoded as JSON in about 1 ms. More elements are encoded on the codec thread. */
const INLINE_ELEMENTS = 8192;

/** Maximum number of elements of a JSON response. It keeps the text below the maximum length of a string. */
const MAX_JSON_ELEMENTS = 2 ** 24;

/** How the codec thread finds a dialect. */
export type DialectPlace = Pick<Wire<unknown, DecodedRequest, InferenceResult>, 'module' | 'name'>;

/** A decoding task of the codec thread. The memory of `body` is transferred to the thread. */
export interface DecodeTask {
  readonly dialect: DialectPlace;
  readonly body: Uint8Array;
  readonly target: unknown;
}

/** An encoding task of the codec thread. The memory of the outputs is transferred to the thread. */
export interface EncodeTask {
  readonly dialect: DialectPlace;
  readonly answer: InferenceResult;
}

/**
 * Decodes and encodes inference messages of all dialects. Small messages are processed synchronously, large ones on
 * another thread, so that no message blocks the event loop for more than a few milliseconds.
 */
export class Codec extends Offload {
  constructor() {
    super(WORKER, 2, 1);
  }

  /**
   * Like {@link Wire.decode}. The memory of a large `body` may be detached afterwards.
   *
   * @throws invalid, synchronously or as a rejection.
   */
  decode<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Wire<Target, Message, Answer>,
    body: Buffer,
    target: Target,
  ): Message | Promise<Message> {
    if (body.length <= INLINE_BYTES || !takesLong(body, dialect.headerLength?.(target)))
      return dialect.decode(body, target);
    const owned = movable(body);
    const task: DecodeTask = { dialect: placeOf(dialect), body: owned, target };
    return this.runOnThread<Message>('decodeBody', task, [owned.buffer]);
  }

  /**
   * Like {@link Wire.encode}.
   *
   * @throws invalid if the outputs in JSON have more than 2^24 elements or 64 MiB of BYTES.
   */
  encode<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Wire<Target, Message, Answer>,
    answer: Answer,
  ): EncodedResponse | Promise<EncodedResponse> {
    const elements = jsonElements(dialect, answer);
    if (elements <= INLINE_ELEMENTS) return dialect.encode(answer);
    if (elements > MAX_JSON_ELEMENTS) throw tooLargeForJson();
    // Copied, because other requests may still read the memory of the outputs.
    const outputs = answer.outputs.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
    const task: EncodeTask = { dialect: placeOf(dialect), answer: { ...answer, outputs } };
    const moved = outputs.map(({ data }) => data.buffer);
    return this.runOnThread<EncodedResponse>('encodeAnswer', task, moved);
  }
}

function placeOf({ module, name }: DialectPlace): DialectPlace {
  return { module, name };
}

/** Whether decoding takes more than a few milliseconds: much JSON, or much binary data that must be checked. */
function takesLong(body: Buffer, headerLength = body.length): boolean {
  const jsonLength = Math.min(headerLength, body.length);
  if (jsonLength > INLINE_BYTES) return true;
  if (body.length - jsonLength <= INLINE_BYTES) return false;
  // Only the contents of BYTES and BOOL are checked. Their names may contain escapes.
  const json = body.subarray(0, Math.max(jsonLength, 0));
  return json.includes('BYTES') || json.includes('BOOL') || json.includes('\\');
}

/** The number of elements of `answer` that are encoded as JSON. BYTES count as one element per four bytes. */
function jsonElements<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
  dialect: Wire<Target, Message, Answer>,
  answer: Answer,
): number {
  let count = 0;
  for (const { name, datatype, data } of answer.outputs) {
    if (dialect.isBinary?.(answer, name) !== true)
      count += data.byteLength / (ELEMENT_BYTES[datatype] || LENGTH_BYTES);
  }
  return count;
}

function tooLargeForJson(): Error {
  return errors.invalidInput(
    `the response has more than ${MAX_JSON_ELEMENTS} elements, the limit for JSON; use infer with binary outputs (binary_data_output: true)`,
  );
}
