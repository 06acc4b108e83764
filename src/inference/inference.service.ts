import { Injectable } from '@nestjs/common';
import { NexusError } from '../common/errors';
import { ModelRegistry } from '../models/model-registry';
import type { ModelVersion, Signature } from '../models/model-version';
import { Traces } from '../observability/traces';
import { classify } from './classification';
import type { InferenceRequest, InferenceResult } from './inference-request';
import type { Tensor } from '../runtime/tensor';
import { validateInputs, validateOutputs } from './validation';

/** How a protocol speaks: it turns its bytes into a request, and the result of that request into its answer. */
export interface Translation<Request extends InferenceRequest, Answer> {
  /** @param signature what the model takes, for protocols whose messages do not say it. */
  decode(signature: Signature): Request | Promise<Request>;
  encode(result: InferenceResult, request: Request): Answer | Promise<Answer>;
  /** Id of the request as its log line has it, for traces. */
  readonly requestId?: string;
}

/** What became of one request, for its log line. Times in milliseconds. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly version: string;
  /** Rows of the request: its first dimension, or 1 where the model does not batch. */
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
}

/** The data plane, free of any protocol: REST and gRPC only translate to it and back. */
@Injectable()
export class InferenceService {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly traces: Traces,
  ) {}

  /**
   * Serves one request of `model`, in `version` or the newest that is ready, from its bytes to its answer, and
   * counts it. Rejects with a NexusError: unknown model or version, version not ready, invalid input, full queue,
   * passed deadline, client gone, or failed run.
   */
  async serve<Request extends InferenceRequest, Answer>(
    model: string,
    version: string | undefined,
    translation: Translation<Request, Answer>,
  ): Promise<Served<Answer>> {
    const started = performance.now();
    const found = this.registry.find(model, version);
    try {
      // Small messages are translated at once: waiting for a promise would cost more than the work.
      const decoding = translation.decode(found.signature);
      const request = decoding instanceof Promise ? await decoding : decoding;
      const decoded = performance.now();
      const job = jobOf(request, found);
      const result = await found.run(job);
      const inferred = performance.now();
      const { classCounts } = request;
      const outputs =
        classCounts === undefined ? result.outputs : classified(result.outputs, classCounts, job.rows, found);
      const encoding = translation.encode({ model, version: found.version, outputs }, request);
      const answer = encoding instanceof Promise ? await encoding : encoding;
      const ended = performance.now();
      const times = {
        totalMs: ended - started,
        decodeMs: decoded - started,
        queueMs: result.queueMs,
        inputMs: result.inputMs,
        runMs: result.runMs,
        outputMs: result.outputMs,
        encodeMs: ended - inferred,
      };
      found.metrics.request('success', job.rows, times);
      if (this.traces.active && this.traces.takes(model)) {
        const { requestId } = translation;
        this.traces.write({ requestId, model, version: found.version, started, times });
      }
      return { answer, version: found.version, rows: job.rows, queueMs: result.queueMs, runMs: result.runMs };
    } catch (error) {
      const outcome = error instanceof NexusError ? error.kind : 'internal';
      found.metrics.request(outcome, 0, { totalMs: performance.now() - started });
      throw error;
    }
  }
}

/** `outputs`, those in `classCounts` as their largest elements. @throws NexusError invalid_input */
function classified(
  outputs: readonly Tensor[],
  classCounts: ReadonlyMap<string, number>,
  rows: number,
  { signature, options }: ModelVersion,
): readonly Tensor[] {
  const { labels } = options.settings;
  return outputs.map((output) => {
    const count = classCounts.get(output.name);
    if (count === undefined) return output;
    return classify(output, count, signature.batches ? rows : undefined, labels?.[output.name]);
  });
}

/** @throws NexusError when the request does not fit the model. */
function jobOf(
  request: InferenceRequest,
  { signature, name }: ModelVersion,
): Parameters<ModelVersion['run']>[0] {
  const { inputs, rows, byteLength, shapeKey } = validateInputs(request.inputs, name, signature);
  const outputs = validateOutputs(request.outputs, name, signature);
  const { priority, deadline, abandoned } = request;
  return { inputs, rows, byteLength, shapeKey, outputs, priority, deadline, abandoned };
}
