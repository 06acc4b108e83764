import { join } from 'node:path';
import { errors } from '../../common/errors';
import { movable, Offload } from '../../common/offload';
import type { InferenceResult } from '../../inference/request/inference-request';
import { LENGTH_BYTES } from '../../tensor/elements';
import { ELEMENT_BYTES } from '../../tensor/tensor';
import type { Dialect } from './dialect';
import type { DecodedRequest, EncodedResponse } from './messages';

const WORKER = join(__dirname, 'codec.worker.js');

/** JSON of this many bytes is decoded in 0.5 to 2 ms; more goes to the codec thread. */
const INLINE_BYTES = 128 * 1024;

/** This many elements are written as JSON in about 1 ms; more go to the codec thread. */
const INLINE_ELEMENTS = 8192;

/** Most elements of an answer in JSON: their text stays below the longest string that there can be. */
const MAX_JSON_ELEMENTS = 2 ** 24;

/** Where the codec thread finds a dialect. */
export type DialectPlace = Pick<Dialect<unknown, DecodedRequest, InferenceResult>, 'module' | 'name'>;

/** What the codec thread is asked to decode; the memory of `body` moves there. */
export interface DecodeTask {
  readonly dialect: DialectPlace;
  readonly body: Uint8Array;
  readonly target: unknown;
}

/** What the codec thread is asked to encode; the memory of its outputs moves there. */
export interface EncodeTask {
  readonly dialect: DialectPlace;
  readonly answer: InferenceResult;
}

/**
 * Decodes and encodes the messages of inference in any dialect: small ones at once, with no promise to wait for,
 * large ones on another thread, so that no message holds up the event loop for more than a few milliseconds.
 */
export class Codec extends Offload {
  constructor() {
    super(WORKER, 2, 1);
  }

  /**
   * As {@link Dialect.decode}. A large `body` is given away: its memory may be detached afterwards.
   *
   * @throws invalid, at once or as the rejection of the promise.
   */
  decode<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    body: Buffer,
    target: Target,
  ): Message | Promise<Message> {
    if (body.length <= INLINE_BYTES || !takesLong(body, dialect.headerLength?.(target)))
      return dialect.decode(body, target);
    const owned = movable(body);
    const task: DecodeTask = { dialect: placeOf(dialect), body: owned, target };
    return this.elsewhere<Message>('decodeBody', task, [owned.buffer]);
  }

  /**
   * As {@link Dialect.encode}.
   *
   * @throws invalid when the outputs that are not binary have more than 2^24 elements, or 64 MiB of BYTES.
   */
  encode<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    answer: Answer,
  ): EncodedResponse | Promise<EncodedResponse> {
    const elements = jsonElements(dialect, answer);
    if (elements <= INLINE_ELEMENTS) return dialect.encode(answer);
    if (elements > MAX_JSON_ELEMENTS) throw tooLargeForJson();
    // Copied, because others may still read the memory of the outputs.
    const outputs = answer.outputs.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
    const task: EncodeTask = { dialect: placeOf(dialect), answer: { ...answer, outputs } };
    const moved = outputs.map(({ data }) => data.buffer);
    return this.elsewhere<EncodedResponse>('encodeAnswer', task, moved);
  }
}

function placeOf({ module, name }: DialectPlace): DialectPlace {
  return { module, name };
}

/** Whether decoding is more than a few milliseconds of work: much JSON, or much binary data that has to be read. */
function takesLong(body: Buffer, headerLength = body.length): boolean {
  const jsonLength = Math.min(headerLength, body.length);
  if (jsonLength > INLINE_BYTES) return true;
  if (body.length - jsonLength <= INLINE_BYTES) return false;
  // Only BYTES and BOOL have contents to check; their names might be written with escapes.
  const json = body.subarray(0, Math.max(jsonLength, 0));
  return json.includes('BYTES') || json.includes('BOOL') || json.includes('\\');
}

/** How many elements of `answer` are written as JSON; a BYTES element counts as one for every four bytes. */
function jsonElements<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
  dialect: Dialect<Target, Message, Answer>,
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
    `the answer has more than the ${MAX_JSON_ELEMENTS} elements that JSON can carry; ask for binary outputs (binary_data_output: true), which infer has`,
  );
}
