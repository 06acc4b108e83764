import { Injectable } from '@nestjs/common';
import { NexusError } from '../common/errors';
import type { Charge } from '../common/memory-in-flight';
import { ModelRegistry } from '../models/registry/model-registry';
import type { Servable } from '../models/model';
import type { Signature } from '../models/signature';
import type { InferenceSummary } from '../observability/log/request-line';
import type { RequestTimes } from '../common/run-times';
import { Traces, type TracedRequest } from '../observability/log/traces';
import { InferenceCache } from './cache/inference-cache';
import { classify } from './classification';
import type { InferenceRequest, InferenceResult, OutputRequest } from './request/inference-request';
import type { Tensor } from '../tensor/tensor';
import type { HeldRegions } from './shared-memory/held-regions';
import { hasSlice } from './shared-memory/memory-slice';
import { Shadowing } from './shadow/shadowing';
import { SharedMemory } from './shared-memory/shared-memory';
import { validateInputs, validateOutputs } from '../models/validation';

/** How a protocol speaks: it turns its bytes into a request, and the result of that request into its answer. */
export interface Translation<Request extends InferenceRequest, Answer> {
  /** @param signature what the model takes, for protocols whose messages do not say it. */
  decode(signature: Signature): Request | Promise<Request>;
  /** When nobody waits for the answer any more, as far as is known before the bytes are read; see InferenceRequest. */
  deadline(): number;
  encode(result: InferenceResult, request: Request): Answer | Promise<Answer>;
  /** Id of the request as its log line has it, for traces. */
  readonly requestId?: string;
  /** What the request is charged to; its answer takes the place of its bytes. */
  readonly memory: Charge | undefined;
  /** Who asks, for models that keep a caller with a version, or an answer for its caller. */
  readonly caller: () => string;
}

/** The answer to one request, and what became of it for its log line. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly summary: InferenceSummary;
}

/** The data plane, free of any protocol: REST and gRPC only translate to it and back. */
@Injectable()
export class InferenceService {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly traces: Traces,
    private readonly memory: SharedMemory,
    private readonly cache: InferenceCache,
    private readonly shadowing: Shadowing,
  ) {}

  /**
   * Serves one request of `model`, in `version` or the one that its traffic goes to, from its bytes to its answer, and
   * counts it. Rejects with a NexusError: unknown model or version, version not ready, no memory for it, invalid input,
   * full queue, passed deadline, client gone, or failed run.
   */
  async serve<Request extends InferenceRequest, Answer>(
    model: string,
    version: string | undefined,
    translation: Translation<Request, Answer>,
  ): Promise<Served<Answer>> {
    const started = performance.now();
    const found = this.registry.route(model, version, translation.caller);
    found.enter();
    let held: HeldRegions | undefined;
    try {
      const latest = found.isDescribed ? Infinity : translation.deadline();
      if (!found.isDescribed) await found.described(latest);
      // Small messages are translated at once: waiting for a promise would cost more than the work.
      const decoding = translation.decode(found.signature);
      const request = decoding instanceof Promise ? await decoding : decoding;
      if (request.inputs.some(hasSlice) || request.outputs.some(hasSlice)) {
        translation.memory?.add(sliceBytes(request.inputs));
        held = this.memory.hold(request);
      }
      const inputs = held === undefined ? request.inputs : await held.read(request.inputs);
      const decoded = performance.now();
      const job = jobOf(request, inputs, found, translation.caller(), latest);
      const result = await this.cache.run(found, job);
      const inferred = performance.now();
      translation.memory?.hold(bytesOf(result.outputs));
      const computed = classified(result.outputs, request.outputs, job.rows, found);
      const outputs = held === undefined ? computed : await held.write(computed, request.outputs);
      const encoding = translation.encode({ model, version: found.version, outputs }, request);
      const answer = encoding instanceof Promise ? await encoding : encoding;
      // A hit has no run to compare, and was shown when it was a miss.
      if (version === undefined && result.cache?.outcome !== 'hit') this.shadowing.show(found, job, result);
      const ended = performance.now();
      const times = {
        totalMs: ended - started,
        decodeMs: decoded - started,
        queueMs: result.queueMs,
        inputMs: result.inputMs,
        runMs: result.runMs,
        outputMs: result.outputMs,
        encodeMs: ended - inferred,
        cache: result.cache,
      };
      this.count(found, job.rows, times, started, translation.requestId);
      const { queueMs, runMs, cache } = times;
      const summary = { rows: job.rows, queueMs, runMs, cache: cache?.outcome };
      return { answer, summary: { model, version: found.version, outcome: 'success', ...summary } };
    } catch (error) {
      const outcome = error instanceof NexusError ? error.kind : 'internal';
      found.metrics.request(outcome, 0, { totalMs: performance.now() - started });
      throw error;
    } finally {
      found.leave();
      if (held !== undefined) await held.release();
    }
  }

  /** Counts a request that has been answered, and traces it where that is asked for. */
  private count(
    { name, version, metrics }: Servable,
    rows: number,
    times: TracedRequest['times'] & RequestTimes,
    started: number,
    requestId: string | undefined,
  ): void {
    metrics.request('success', rows, times);
    if (this.traces.active && this.traces.sample(name))
      this.traces.write({ requestId, model: name, version, started, times });
  }
}

function bytesOf(tensors: readonly Tensor[]): number {
  let bytes = 0;
  for (const { data } of tensors) bytes += data.byteLength;
  return bytes;
}

/** Bytes of the inputs that are in shared memory, and have to be read from there. */
function sliceBytes(inputs: InferenceRequest['inputs']): number {
  return inputs.reduce((sum, { slice }) => sum + (slice?.byteSize ?? 0), 0);
}

/** `outputs`, those that `asked`, in the same order, wants classified as their largest elements. @throws NexusError invalid_input */
function classified(
  outputs: readonly Tensor[],
  asked: readonly OutputRequest[],
  rows: number,
  { signature }: Servable,
): readonly Tensor[] {
  if (asked.every(({ classes }) => classes === undefined)) return outputs;
  return outputs.map((output, index) => {
    const count = asked[index]!.classes;
    if (count === undefined) return output;
    const { batches, labels, softmax } = signature;
    const isLogits = softmax.includes(output.name);
    return classify(output, count, batches ? rows : undefined, labels[output.name], isLogits);
  });
}

/** What to run for `request`, whose inputs are `given`, before `latest`. @throws NexusError when the request does not fit the model. */
function jobOf(
  request: InferenceRequest,
  given: readonly Tensor[],
  { signature, name }: Servable,
  caller: string,
  latest: number,
): Parameters<Servable['run']>[0] {
  const { inputs, rows, byteLength, shapeKey } = validateInputs(given, name, signature);
  const asked = request.outputs.map((output) => output.name);
  const outputs = validateOutputs(asked, name, signature);
  const { priority, abandoned } = request;
  const deadline = Math.min(request.deadline, latest);
  return { inputs, rows, byteLength, shapeKey, outputs, caller, priority, deadline, abandoned };
}
