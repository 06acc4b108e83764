import { Injectable } from '@nestjs/common';
import { NexusError } from '../common/errors';
import { ModelRegistry } from '../models/model-registry';
import type { ModelVersion } from '../models/model-version';
import type { InferenceRequest, InferenceResult } from './inference-request';
import { validateInputs, validateOutputs } from './validation';

/** How a protocol speaks: it turns its bytes into a request, and the result of that request into its answer. */
export interface Translation<Request extends InferenceRequest, Answer> {
  decode(): Request | Promise<Request>;
  encode(result: InferenceResult, request: Request): Answer | Promise<Answer>;
}

/** What became of one request, for its log line. Times in milliseconds. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly version: string;
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
}

/** The data plane, free of any protocol: REST and gRPC only translate to it and back. */
@Injectable()
export class InferenceService {
  constructor(private readonly registry: ModelRegistry) {}

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
      return await this.run(found, translation, started);
    } catch (error) {
      const outcome = error instanceof NexusError ? error.kind : 'internal';
      found.metrics.request(outcome, 0, { totalMs: performance.now() - started });
      throw error;
    }
  }

  private async run<Request extends InferenceRequest, Answer>(
    version: ModelVersion,
    { decode, encode }: Translation<Request, Answer>,
    started: number,
  ): Promise<Served<Answer>> {
    // Small messages are translated at once; a turn of the loop for each would cost more than the work.
    const decoding = decode();
    const request = decoding instanceof Promise ? await decoding : decoding;
    const decoded = performance.now();
    const result = await this.infer(version, request);
    const inferred = performance.now();
    const encoding = encode(result, request);
    const answer = encoding instanceof Promise ? await encoding : encoding;
    const ended = performance.now();
    const { rows, queueMs, runMs } = result;
    const times = {
      totalMs: ended - started,
      decodeMs: decoded - started,
      queueMs,
      encodeMs: ended - inferred,
    };
    version.metrics.request('success', rows, times);
    return { answer, version: result.version, rows, queueMs, runMs };
  }

  private async infer(version: ModelVersion, request: InferenceRequest): Promise<InferenceResult> {
    const { signature, name } = version;
    const valid = validateInputs(request.inputs, name, signature);
    const { outputs, queueMs, runMs } = await version.run({
      inputs: valid.inputs,
      rows: valid.rows,
      byteLength: valid.byteLength,
      shapeKey: valid.shapeKey,
      outputs: validateOutputs(request.outputs, name, signature),
      deadline: request.deadline,
      abandoned: request.abandoned,
    });
    return { model: name, version: version.version, outputs, rows: valid.rows, queueMs, runMs };
  }
}
