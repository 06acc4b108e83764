import { Injectable } from '@nestjs/common';
import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import type { Caller } from '../identity/caller';
import type { Charge } from '../common/memory-in-flight';
import type { Amounts } from '../limits/counter';
import type { Passed, Standing, Verdict } from '../limits/verdict';
import { RateLimits } from '../rate-limit/rate-limits';
import { requirePassed } from '../rate-limit/require-passed';
import { settle } from '../rate-limit/settle';
import type { Servable } from '../models/model';
import type { Trace } from '../common/trace';
import { traceAnswer } from './trace-answer';
import { takesPictures, type Signature } from '../models/signature';
import type { InferenceSummary } from '../observability/log/request-line';
import type { RequestTimes } from '../common/run-times';
import { RequestLoad } from '../observability/metrics/request-load';
import { Traces, type TracedRequest } from '../observability/log/traces';
import { InferenceCache } from './cache/inference-cache';
import type { CachedResult } from './cache/version-cache';
import { classified } from './classification';
import { Fallbacks } from './fallback/fallbacks';
import type { InferenceRequest, InferenceResult } from './request/inference-request';
import type { Tokenizer } from '../tasks/text/tokenizer';
import type { Tensor } from '../tensor/tensor';
import type { HeldRegions } from './shared-memory/held-regions';
import { hasSlice } from './shared-memory/memory-slice';
import { PayloadLog } from './payload-log';
import { Shadowing } from './shadow/shadowing';
import { SharedMemory } from './shared-memory/shared-memory';
import { UsageLedger } from '../usage/usage-ledger';
import { validateInputs, validateOutputs } from '../models/validation';

type Job = Parameters<Servable['run']>[0];

/** The adapter of a protocol: decodes its requests and encodes its responses. */
export interface Translation<Request extends InferenceRequest, Answer> {
  /**
   * @param signature of the model, for protocols whose messages do not describe their tensors completely.
   * @param tokenizer of the model, for protocols that send token ids; undefined for a model without text.
   */
  decode(signature: Signature, tokenizer: Tokenizer | undefined): Request | Promise<Request>;
  /** The deadline, as far as it is known before the body is decoded; see InferenceRequest. */
  deadline(): number;
  encode(result: InferenceResult, request: Request): Answer | Promise<Answer>;
  /** Id of the request in the log, for traces. */
  readonly requestId?: string;
  /** The memory charge of the request. The response replaces the bytes of the request. */
  readonly memory: Charge | undefined;
  readonly caller: Caller;
  /** Where its steps are recorded; undefined for most requests. */
  readonly trace: Trace | undefined;
  /** Receives the limits that the contents of the request counted against, if there are any, whether it passed or not. */
  limited(standings: readonly Standing[]): void;
}

/** The response to a request, and the summary for its log line. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly summary: InferenceSummary;
}

/** The data plane, independent of any protocol. REST and gRPC only decode and encode. */
@Injectable()
export class InferenceService {
  constructor(
    private readonly fallbacks: Fallbacks,
    private readonly traces: Traces,
    private readonly memory: SharedMemory,
    private readonly cache: InferenceCache,
    private readonly shadowing: Shadowing,
    private readonly limits: RateLimits,
    private readonly usage: UsageLedger,
    private readonly payloads: PayloadLog,
    private readonly load: RequestLoad,
  ) {}

  /**
   * Decodes, runs, encodes and counts one request to `model`, in `version` or the version that its traffic selects.
   * Rejects with a NexusError: unknown model or version, version not ready, not enough memory, invalid input, full
   * queue, exceeded deadline, disconnected client, or failed run.
   */
  async serve<Request extends InferenceRequest, Answer>(
    model: string,
    version: string | undefined,
    translation: Translation<Request, Answer>,
  ): Promise<Served<Answer>> {
    const started = performance.now();
    const { caller, trace } = translation;
    if (!caller.sees(model)) throw errors.modelNotFound(model);
    const first = this.fallbacks.route(model, version, caller, false);
    if (first.forwarder !== undefined) throw errors.apiModel(first.name, '/v1/chat/completions');
    let servable = first;
    servable.enter();
    this.load.started();
    trace?.serve(servable.name, servable.version);
    let held: HeldRegions | undefined;
    const spent: Passed[] = [];
    let tokens = 0;
    let failure: NexusError | undefined;
    try {
      const latest = servable.isDescribed ? Infinity : translation.deadline();
      if (!servable.isDescribed) await servable.described(latest);
      // Small messages are decoded synchronously, because awaiting a promise would cost more than the work.
      const decoding = translation.decode(servable.signature, servable.tokenizer);
      const request = decoding instanceof Promise ? await decoding : decoding;
      if (request.inputs.some(hasSlice) || request.outputs.some(hasSlice)) {
        translation.memory?.add(sliceBytes(request.inputs));
        held = this.memory.hold(request);
      }
      const inputs =
        held === undefined
          ? request.inputs
          : await held.read(request.inputs, takesPictures(servable.signature));
      const decoded = performance.now();
      let valid = jobOf(request, inputs, servable, caller.id, latest, trace);
      if (translation.memory !== undefined && (mayBeRemote(servable) || servable.name !== model))
        valid = { ...valid, charge: chargeOf(translation.memory) };
      const charge = { requests: 1, in_flight: 1, rows: valid.rows, input_bytes: valid.byteLength };
      const admitted = this.admit(servable, charge, translation, spent);
      if (admitted !== undefined) await admitted;
      let job: Job = valid;
      if (servable.tokenizer !== undefined || servable.steps !== undefined) {
        const weigh = (counted: number) => {
          tokens += counted;
          return this.admit(servable, { tokens: counted }, translation, spent);
        };
        job = { ...valid, weigh };
      }
      let result: CachedResult;
      try {
        result = await this.cache.run(servable, job);
      } catch (error) {
        if (version !== undefined) throw error;
        const answered = await this.fallbacks.run(model, first, job, caller, started, error);
        first.leave();
        ({ servable, job, result } = answered);
        trace?.serve(servable.name, servable.version);
      }
      const inferred = performance.now();
      const outputBytes = bytesOf(result.outputs);
      translation.memory?.hold(outputBytes);
      const computed = classified(result.outputs, request.outputs, job.rows, servable);
      const outputs = held === undefined ? computed : await held.write(computed, request.outputs);
      const encoding = translation.encode(
        { model: servable.name, version: servable.version, outputs },
        request,
      );
      const answer = encoding instanceof Promise ? await encoding : encoding;
      // A cache hit has no run to compare, and was mirrored when it was a miss.
      if (version === undefined && result.cache?.outcome !== 'hit')
        this.shadowing.mirror(servable, job, result);
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
      this.count(servable, job.rows, times, started, translation);
      if (trace?.isSampled === true)
        traceAnswer(trace, { started, times, model, servable, rows: job.rows, tokens });
      if (servable.options.settings.payload_log !== undefined)
        this.payloads.write(servable, job.inputs, computed, translation.requestId);
      this.usage.succeeded(caller, servable.name, job.rows, job.byteLength, outputBytes, tokens);
      const { queueMs, runMs, cache } = times;
      const { target } = result;
      if (target !== undefined)
        servable.metrics.targets.overhead.observe((times.totalMs - runMs - queueMs) / 1000);
      return {
        answer,
        summary: {
          model: servable.name,
          version: servable.version,
          outcome: 'success',
          rows: job.rows,
          queueMs,
          runMs,
          cache: cache?.outcome,
          target,
        },
      };
    } catch (error) {
      failure = error instanceof NexusError ? error : errors.internal();
      servable.metrics.request(failure.kind, 0, { totalMs: performance.now() - started }, trace);
      this.usage.failed(caller, servable.name);
      throw error;
    } finally {
      servable.leave();
      this.load.ended();
      for (const paid of spent) settle(paid, failure);
      if (held !== undefined) await held.release();
    }
  }

  /**
   * Charges `amounts` to the limits of the caller and the model, and adds what passed to `spent`. Synchronous unless Redis
   * is asked.
   * @throws NexusError rate_limited, above_quota, limits_unavailable, or rejects with it.
   */
  private admit(
    { name, options }: Servable,
    amounts: Amounts,
    translation: Pick<Translation<InferenceRequest, unknown>, 'caller' | 'limited'>,
    spent: Passed[],
  ): void | Promise<void> {
    const verdict = this.limits.admitWork(translation.caller, name, options.settings.limits, amounts);
    if (verdict === undefined) return;
    const limited = (standings: readonly Standing[]) => translation.limited(standings);
    const decide = (decided: Verdict) => void spent.push(requirePassed(decided, limited));
    return verdict instanceof Promise ? verdict.then(decide) : decide(verdict);
  }

  /** Counts a successful request, and traces it if tracing selects it. */
  private count(
    { name, version, metrics }: Servable,
    rows: number,
    times: TracedRequest['times'] & RequestTimes,
    started: number,
    { requestId, trace }: Pick<Translation<InferenceRequest, unknown>, 'requestId' | 'trace'>,
  ): void {
    metrics.request('success', rows, times, trace);
    if (this.traces.active && this.traces.sample(name))
      this.traces.write({ requestId, model: name, version, started, times });
  }
}

/** Whether other servers may run a request to `servable`. */
function mayBeRemote({ targets, steps, options }: Servable): boolean {
  return targets.length > 0 || steps !== undefined || options.settings.fallback !== undefined;
}

/** Charges the answers of other servers to `memory`, in addition to what it holds. */
function chargeOf(memory: Charge): (bytes: number) => void {
  const { bytes: before } = memory;
  let answers = 0;
  return (bytes) => {
    memory.hold(before + answers + bytes);
    answers += bytes;
  };
}

function bytesOf(tensors: readonly Tensor[]): number {
  let bytes = 0;
  for (const { data } of tensors) bytes += data.byteLength;
  return bytes;
}

/** Bytes of the inputs in shared memory. */
function sliceBytes(inputs: InferenceRequest['inputs']): number {
  return inputs.reduce((sum, { slice }) => sum + (slice?.byteSize ?? 0), 0);
}

/**
 * The job for `request` with the inputs `given`, to complete before `latest`.
 * @throws NexusError if the request does not match the model.
 */
function jobOf(
  request: InferenceRequest,
  given: readonly Tensor[],
  { signature, name }: Servable,
  caller: string,
  latest: number,
  trace: Trace | undefined,
): Job {
  const { inputs, rows, byteLength, shapeKey } = validateInputs(given, name, signature);
  const { priority, session, abandoned, text } = request;
  const names = request.outputs.map((output) => output.name);
  const outputs = validateOutputs(names, name, signature);
  const job = {
    inputs,
    rows,
    byteLength,
    shapeKey,
    outputs,
    caller,
    priority,
    session,
    deadline: Math.min(request.deadline, latest),
    abandoned,
    trace,
  };
  return text === undefined ? job : { ...job, text };
}
