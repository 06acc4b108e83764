import { join } from 'node:path';
import { errors } from '../../common/errors';
import { movable, Offload } from '../../common/offload';
import { LENGTH_BYTES } from '../../tensor/elements';
import { ELEMENT_BYTES, type Tensor } from '../../tensor/tensor';
import type { DecodeTask, EncodeTask, GenerateDecodeTask, PredictDecodeTask } from './crossing';
import { decodeRequest } from '../v2/codec/decode-request';
import { encodeResponse } from '../v2/codec/encode-response';
import { decodeGenerate, type GenerateTarget } from '../generate/decode';
import { encodeGenerate } from '../generate/encode';
import type { EncodedResponse, V2Request, V2Response } from './messages';
import { decodePredict } from '../predict/decode';
import { encodePredict } from '../predict/encode';
import type { Expected, PredictRequest, PredictResponse } from '../predict/messages';

const WORKER = join(__dirname, 'codec.worker.js');

/** JSON of this many bytes is decoded in 0.5 to 2 ms; more goes to the codec thread. */
const INLINE_BYTES = 128 * 1024;

/** This many elements are written as JSON in about 1 ms; more go to the codec thread. */
const INLINE_ELEMENTS = 8192;

/** Most elements of an answer in JSON: their text stays below the longest string that there can be. */
const MAX_JSON_ELEMENTS = 2 ** 24;

/**
 * Decodes and encodes the messages of inference: small ones at once, with no promise to wait for,
 * large ones on another thread, so that no message holds up the event loop for more than a few milliseconds.
 */
export class Codec extends Offload {
  constructor() {
    super(WORKER, 2, 1);
  }

  /**
   * As {@link decodeRequest}. A large `body` is given away: its memory may be detached afterwards.
   *
   * @throws invalid, at once or as the rejection of the promise.
   */
  decode(body: Uint8Array, headerLength?: number): V2Request | Promise<V2Request> {
    if (!takesLong(body, headerLength)) return decodeRequest(body, headerLength);
    const owned = movable(body);
    const task: DecodeTask = { body: owned, headerLength };
    return this.elsewhere<V2Request>('decode', task, [owned.buffer]);
  }

  /**
   * As {@link encodeResponse}.
   *
   * @throws invalid when the outputs that are not binary have more than 2^24 elements, or 64 MiB of BYTES.
   */
  encode(
    response: V2Response,
    isBinary: (name: string) => boolean,
  ): EncodedResponse | Promise<EncodedResponse> {
    const elements = elementsOf(response.outputs.filter(({ name }) => !isBinary(name)));
    if (elements <= INLINE_ELEMENTS) return encodeResponse(response, isBinary);
    if (elements > MAX_JSON_ELEMENTS) throw tooLargeForJson();
    return this.encodeElsewhere('encode', response, isBinary);
  }

  /** As {@link decodeGenerate}, with a large `body` given away as to {@link decode}. */
  decodeGenerate(body: Uint8Array, target: GenerateTarget): V2Request | Promise<V2Request> {
    if (!takesLong(body, undefined)) return decodeGenerate(body, target);
    const owned = movable(body);
    const task: GenerateDecodeTask = { body: owned, target };
    return this.elsewhere<V2Request>('decodeGenerate', task, [owned.buffer]);
  }

  /** As {@link encodeGenerate}. @throws invalid when the outputs are too large for {@link encode}. */
  encodeGenerate(response: V2Response): EncodedResponse | Promise<EncodedResponse> {
    const elements = elementsOf(response.outputs);
    if (elements <= INLINE_ELEMENTS) return encodeGenerate(response);
    if (elements > MAX_JSON_ELEMENTS) throw tooLargeForJson();
    return this.encodeElsewhere('encodeGenerate', response, () => false);
  }

  /**
   * As {@link decodePredict}.
   *
   * @throws invalid, at once or as the rejection of the promise.
   */
  decodePredict(body: Uint8Array, expected: Expected): PredictRequest | Promise<PredictRequest> {
    if (!takesLong(body, undefined)) return decodePredict(body, expected);
    const owned = movable(body);
    const task: PredictDecodeTask = { body: owned, expected };
    return this.elsewhere<PredictRequest>('decodePrediction', task, [owned.buffer]);
  }

  /**
   * As {@link encodePredict}.
   *
   * @throws invalid when the outputs have more than 2^24 elements, or 64 MiB of BYTES.
   */
  encodePredict(response: PredictResponse): EncodedResponse | Promise<EncodedResponse> {
    const elements = elementsOf(response.outputs);
    if (elements <= INLINE_ELEMENTS) return encodePredict(response);
    if (elements > MAX_JSON_ELEMENTS) throw tooLargeForJson();
    const { outputs, buffers } = copied(response.outputs);
    const json = this.elsewhere<Uint8Array>('encodePrediction', { ...response, outputs }, buffers);
    return json.then((text) => ({ json: text, binary: [] }));
  }

  private async encodeElsewhere(
    name: 'encode' | 'encodeGenerate',
    response: V2Response,
    isBinary: (name: string) => boolean,
  ): Promise<EncodedResponse> {
    const { outputs, buffers } = copied(response.outputs);
    const binary = outputs.map((output) => output.name).filter(isBinary);
    const task: EncodeTask = { response: { ...response, outputs }, binary };
    const json = await this.elsewhere<Uint8Array>(name, task, buffers);
    return {
      json,
      binary: response.outputs.filter((output) => isBinary(output.name)).map(({ data }) => data),
    };
  }
}

/** Whether decoding is more than a few milliseconds of work: much JSON, or much binary data that has to be read. */
function takesLong(body: Uint8Array, headerLength: number | undefined): boolean {
  if (body.byteLength <= INLINE_BYTES) return false;
  const jsonLength = Math.min(headerLength ?? body.byteLength, body.byteLength);
  if (jsonLength > INLINE_BYTES) return true;
  if (body.byteLength - jsonLength <= INLINE_BYTES) return false;
  // Only BYTES and BOOL have contents to check; their names might be written with escapes.
  const json = Buffer.from(body.buffer, body.byteOffset, Math.max(jsonLength, 0));
  return json.includes('BYTES') || json.includes('BOOL') || json.includes('\\');
}

/** Tensors that can move to another thread. Copies, because others may still read the memory of `tensors`. */
function copied(tensors: readonly Tensor[]) {
  const outputs = tensors.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
  return { outputs, buffers: outputs.map(({ data }) => data.buffer) };
}

function elementsOf(tensors: readonly Tensor[]): number {
  let count = 0;
  for (const { datatype, data } of tensors) {
    count += data.byteLength / (ELEMENT_BYTES[datatype] || LENGTH_BYTES);
  }
  return count;
}

function tooLargeForJson(): Error {
  return errors.invalidInput(
    `the answer has more than the ${MAX_JSON_ELEMENTS} elements that JSON can carry; ask for binary outputs (binary_data_output: true), which infer has`,
  );
}
