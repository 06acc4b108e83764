import { chain } from '../../common/chain';
import type { Tensor, TensorSpec } from '../../tensor/tensor';
import { checkedOutputs } from '../answer-check';
import { singleHeader, type HttpAnswer } from '../http/http-message';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';
import type { V2Json } from './v2-json';
import { garbageResponse, type V2Output } from './v2-outputs';

/** Maximum number of cached JSON texts, and their maximum length. */
const MAX_KNOWN = 64;
const MAX_KNOWN_LENGTH = 2048;

/** Reads the responses of a model. */
export class V2Reader {
  /**
   * Outputs by the JSON of the responses that they were read from. Responses of one shape repeat their JSON, and reading
   * it is most of the work of a small response.
   */
  private readonly known = new Map<string, readonly V2Output[]>();

  constructor(
    private readonly described: readonly TensorSpec[],
    private readonly json: V2Json,
  ) {}

  /**
   * The outputs in the order of `names`. Their bytes are views of the body.
   * @throws TargetFailure `garbage`, synchronously or as a rejection.
   */
  read(
    { headers, body }: HttpAnswer,
    names: readonly string[],
  ): readonly Tensor[] | Promise<readonly Tensor[]> {
    const jsonLength = jsonLengthOf(singleHeader(headers, JSON_LENGTH_HEADER), body.length);
    if (jsonLength > MAX_KNOWN_LENGTH || jsonLength === body.length) {
      const binary = body.subarray(jsonLength);
      return chain(this.json.decode(body.subarray(0, jsonLength)), (outputs) =>
        checkedOutputs(tensorsOf(outputs, binary), names, this.described),
      );
    }
    const text = body.toString('latin1', 0, jsonLength);
    const outputs = this.known.get(text) ?? this.learn(text, body.subarray(0, jsonLength));
    return checkedOutputs(tensorsOf(outputs, body.subarray(jsonLength)), names, this.described);
  }

  private learn(text: string, json: Buffer): readonly V2Output[] {
    // Short JSON is decoded at once.
    const outputs = this.json.decode(json) as readonly V2Output[];
    if (outputs.every(({ data }) => data === undefined)) {
      if (this.known.size >= MAX_KNOWN) this.known.delete(this.known.keys().next().value!);
      this.known.set(text, outputs);
    }
    return outputs;
  }
}

/** @throws TargetFailure `garbage` unless the sizes of the outputs add up to those of `binary`. */
function tensorsOf(outputs: readonly V2Output[], binary: Buffer): readonly Tensor[] {
  let at = 0;
  const tensors = outputs.map(({ name, datatype, shape, data, size }) => {
    const start = at;
    at += size;
    return { name, datatype, shape, data: data ?? binary.subarray(start, at) };
  });
  if (at === binary.length) return tensors;
  throw garbageResponse(`expected ${at} bytes after its JSON, got ${binary.length}`);
}

function jsonLengthOf(text: string | undefined, bodyLength: number): number {
  if (text === undefined) return bodyLength;
  const length = Number(text);
  if (/^\d+$/.test(text) && length <= bodyLength) return length;
  throw garbageResponse(`${JSON_LENGTH_HEADER}: expected a number of bytes up to ${bodyLength}`);
}
