import { join } from 'node:path';
import { movable, Offload } from '../../common/offload';
import { LENGTH_BYTES } from '../../tensor/elements';
import { ELEMENT_BYTES, type Tensor } from '../../tensor/tensor';
import { TargetFailure, type FailureKind } from '../target-failure';
import { inputJson } from './v2-inputs';
import { readOutputs, type V2Output } from './v2-outputs';

const WORKER = join(__dirname, 'v2.worker.js');

/** JSON of this length is decoded in about 1 ms. Longer JSON is decoded on a thread. */
const INLINE_BYTES = 64 * 1024;

/** This many elements are encoded in about 1 ms. */
const INLINE_ELEMENTS = 8192;

/** Maximum number of elements of a request in JSON. It keeps the text below the maximum length of a string. */
const MAX_ELEMENTS = 2 ** 24;

/** What a function of the thread returns: its result, or the failure that it has thrown. */
export type Settled<T> = { readonly result: T } | { readonly kind: FailureKind; readonly message: string };

/** Encodes and decodes the JSON of requests and responses; large ones on a thread, which starts when it is needed. */
export class V2Json {
  private thread: V2Thread | undefined;

  /** The elements of each input as JSON. @throws TargetFailure `rejected`, synchronously or as a rejection. */
  encode(inputs: readonly Tensor[]): readonly string[] | Promise<readonly string[]> {
    const elements = inputs.reduce((sum, { datatype, data }) => sum + elementsIn(datatype, data), 0);
    if (elements <= INLINE_ELEMENTS) return inputs.map(inputJson);
    if (elements > MAX_ELEMENTS)
      throw new TargetFailure(
        'rejected',
        `the request has more than ${MAX_ELEMENTS} elements, the limit for the server that runs the model, because it accepts only JSON`,
      );
    return this.started().encode(inputs);
  }

  /** @throws TargetFailure `garbage`, synchronously or as a rejection. */
  decode(json: Buffer): readonly V2Output[] | Promise<readonly V2Output[]> {
    return json.length <= INLINE_BYTES ? readOutputs(json) : this.started().decode(json);
  }

  async close(): Promise<void> {
    await this.thread?.onApplicationShutdown();
  }

  private started(): V2Thread {
    return (this.thread ??= new V2Thread());
  }
}

class V2Thread extends Offload {
  constructor() {
    super(WORKER, 1);
  }

  async encode(inputs: readonly Tensor[]): Promise<readonly string[]> {
    // Copied, because other attempts may still read the memory of the inputs.
    const copies = inputs.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
    const moved = copies.map(({ data }) => data.buffer);
    return resultOf(await this.runOnThread<Settled<readonly string[]>>('encodeInputs', copies, moved));
  }

  async decode(json: Buffer): Promise<readonly V2Output[]> {
    const owned = movable(json);
    return resultOf(
      await this.runOnThread<Settled<readonly V2Output[]>>('decodeOutputs', owned, [owned.buffer]),
    );
  }
}

function resultOf<T>(settled: Settled<T>): T {
  if ('result' in settled) return settled.result;
  throw new TargetFailure(settled.kind, settled.message);
}

function elementsIn(datatype: Tensor['datatype'], data: Uint8Array): number {
  return data.byteLength / (ELEMENT_BYTES[datatype] || LENGTH_BYTES);
}
