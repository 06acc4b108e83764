import { Injectable } from '@nestjs/common';
import { LOWEST_PRIORITY } from '../../models/version/priorities';
import type { Servable } from '../../models/model';
import { validateInputs } from '../../models/validation';
import { Codec } from '../codec/codec';
import type { EncodedResponse } from '../codec/messages';
import { v2Dialect } from '../v2/v2.dialect';
import { nexusDialect } from './predict.dialect';

/** Longer answers, in bytes of JSON, are not worth showing; more bytes of tensors are not even written. */
const MAX_BYTES = 16 * 1024;
const MAX_TENSOR_BYTES = 64 * 1024;

/** What a model answers to one prediction, as it is sent by the two protocols. */
export interface ExampleAnswer {
  readonly predict: object;
  readonly infer: object;
}

/** Answers examples for the documentation: beside all limits, caches and metrics, and never in company. */
@Injectable()
export class ExampleAnswers {
  constructor(private readonly codec: Codec) {}

  /**
   * What `version` answers to the prediction `body`, in JSON. Undefined when that is too long to show, or when the
   * version has something else to do at this moment, or is not in memory: `busy` tells the two apart.
   *
   * @throws NexusError as any prediction
   */
  async answer(version: Servable, body: string): Promise<ExampleAnswer | 'busy' | undefined> {
    const { name, signature } = version;
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

/** Whether a run now would load nothing and keep nobody waiting. */
function isIdle({ state, inMemory, load }: Servable): boolean {
  return state === 'READY' && inMemory && load.waitingRequests === 0 && load.running === 0;
}

/** Undefined when the answer is too long to show, or has numbers so large that parsing may round them. */
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
