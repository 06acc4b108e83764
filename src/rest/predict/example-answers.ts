import { Injectable } from '@nestjs/common';
import { LOWEST_PRIORITY } from '../../models/version/priorities';
import type { Servable } from '../../models/model';
import { validateInputs } from '../../models/validation';
import { Codec } from '../codec/codec';
import type { EncodedResponse } from '../codec/messages';
import { v2Dialect } from '../v2/v2.dialect';
import { nexusDialect } from './predict.dialect';

/** Responses with more bytes of JSON are not shown; responses with more bytes of tensors are not encoded. */
const MAX_BYTES = 16 * 1024;
const MAX_TENSOR_BYTES = 64 * 1024;

/** The response of a model to one prediction, in both protocols. */
export interface ExampleAnswer {
  readonly predict: object;
  readonly infer: object;
}

/** Runs examples for the documentation. They bypass limits, caches and metrics, and run only while the model is idle. */
@Injectable()
export class ExampleAnswers {
  constructor(private readonly codec: Codec) {}

  /**
   * The response of `version` to the prediction `body`. Undefined if the response is too long to show; `busy` if the
   * version is not idle or not in memory.
   *
   * @throws NexusError like any prediction
   */
  async answer(version: Servable, body: string): Promise<ExampleAnswer | 'busy' | undefined> {
    const { name, signature, targets } = version;
    // Running a model elsewhere may cost money.
    if (targets.length > 0) return undefined;
    const target = nexusDialect.targetOf(signature, name, {});
    const decoded = await this.codec.decode(nexusDialect, Buffer.from(body), target);
    const valid = validateInputs(decoded.inputs, name, signature);
    if (!isIdle(version)) return 'busy';
    version.enter();
    try {
      const { outputs } = await version.run({
        ...valid,
        outputs: signature.outputNames,
        caller: 'documentation',
        priority: LOWEST_PRIORITY,
        deadline: Infinity,
        abandoned: undefined,
        uncounted: true,
      });
      if (outputs.reduce((sum, { data }) => sum + data.byteLength, 0) > MAX_TENSOR_BYTES) return undefined;
      const result = { model: name, version: version.version, outputs };
      const prediction = nexusDialect.answerOf(result, { ...decoded, id: undefined }, signature);
      const predict = parsed(await this.codec.encode(nexusDialect, prediction));
      const response = { ...result, requested: [], binaryOutput: false };
      const infer = parsed(await this.codec.encode(v2Dialect, response));
      return predict && infer && { predict, infer };
    } finally {
      version.leave();
    }
  }
}

/** Whether a run would neither load the model nor delay other requests. */
function isIdle({ state, inMemory, load }: Servable): boolean {
  return state === 'READY' && inMemory && load.waitingRequests === 0 && load.running === 0;
}

/** Undefined if the response is too long to show, or contains numbers that parsing may round. */
function parsed({ json }: EncodedResponse): object | undefined {
  const text = Buffer.from(json);
  if (text.byteLength > MAX_BYTES) return undefined;
  let isExact = true;
  const answer = JSON.parse(text.toString(), (_key, value: unknown) => {
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) isExact = false;
    return value;
  }) as object;
  return isExact ? answer : undefined;
}
