import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { limitError } from '../limits/limit-error';
import type { Passed } from '../limits/verdict';
import type { RateLimits } from '../rate-limit/rate-limits';
import { settle } from '../rate-limit/settle';
import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import { grpcStatusOf } from '../transport/grpc/grpc-status';
import type { Charge } from '../common/memory-in-flight';
import type { Trace } from '../common/trace';
import { callOf, type GrpcCall } from '../transport/grpc/grpc-call';
import { memoryOf } from '../transport/grpc/call-memory';
import { readRequest } from './codec/read-request';
import type { GrpcInferService } from './infer.service';
import type { ModelInferRequest, ModelStreamInferResponse } from './messages';

/** Maximum number of requests of a stream in flight. Further requests are not read until responses have been sent. */
const MAX_UNANSWERED = 256;

/** After this long without requests, a stream ends when the server shuts down. Its last messages may still be arriving. */
const QUIET_MS = 250;

/** How long after the shutdown has begun a stream may delay its end with further requests. */
const PATIENCE_MS = 1000;

/** Marks the last response to a request, for clients of models with several responses. Models in Nexus send one. */
const FINAL = { triton_final_response: { bool_param: true } };

type Call = ServerDuplexStream<Buffer, ModelStreamInferResponse>;

/**
 * A stream of requests. Each response is sent when it is ready; a failed request gets its error in `error_message`. If
 * the client's metadata has `triton_grpc_error: true`, the first error ends the stream with its status instead.
 */
export class InferStream {
  private readonly logger = new Logger('Errors');
  private readonly info: GrpcCall;
  private readonly endsOnError: boolean;
  /** Charges of the requests whose responses have not been sent. */
  private readonly charges = new Set<Charge>();
  private unanswered = 0;
  private reading = true;
  private ending: NexusError | undefined;
  /** Runs out when no requests have arrived for a while, after the shutdown has begun. */
  private quiet: NodeJS.Timeout | undefined;
  private acceptsUntil = 0;

  constructor(
    private readonly call: Call,
    private readonly inference: GrpcInferService,
    private readonly limits: RateLimits,
    private readonly closed: () => void,
  ) {
    this.info = callOf(call.metadata);
    this.endsOnError = call.metadata.get('triton_grpc_error').includes('true');
    call.on('data', (bytes: Buffer) => void this.take(bytes));
    call.on('drain', () => this.flow());
    call.on('end', () => this.stop());
    call.on('error', () => this.close());
    call.on('cancelled', () => this.abandon());
  }

  /** Ends the stream when no more requests arrive and those received are answered. */
  shutDown(): void {
    this.acceptsUntil = performance.now() + PATIENCE_MS;
    this.quiet = setTimeout(() => {
      // A client that has sent its last request receives the responses, and OK.
      if (!this.reading) return;
      this.ending = errors.notReady('it is shutting down; open a new stream');
      this.stop();
    }, QUIET_MS);
  }

  private async take(bytes: Buffer): Promise<void> {
    if (!this.reading) return;
    if (performance.now() < this.acceptsUntil) this.quiet?.refresh();
    const charge = memoryOf(this.call.metadata).next();
    this.charges.add(charge);
    charge.begin();
    this.unanswered++;
    this.flow();
    const started = performance.now();
    const trace = this.info.beginTrace();
    let about: Partial<ModelInferRequest> = {};
    let spent: Passed | undefined;
    let failure: NexusError | undefined;
    try {
      const message = readRequest(bytes);
      about = message;
      spent = await this.admit();
      const { answer, summary } = await this.inference.serve(message, this.call, charge, trace);
      this.write({ infer_response: { ...answer, parameters: FINAL } }, charge);
      this.info.answered(status.OK, performance.now() - started, summary, trace);
    } catch (thrown) {
      failure = this.known(thrown);
      this.fail(about, failure, performance.now() - started, charge, trace);
    }
    settle(spent, failure);
    charge.end();
    this.unanswered--;
    if (this.reading) this.flow();
    else this.endIfDone();
  }

  /** Charges a request to the limits of the client. @throws NexusError rate_limited, limits_unavailable */
  private async admit(): Promise<Passed | undefined> {
    const verdict = await this.limits.admit(this.info.caller);
    if (verdict?.passed === false) throw limitError(verdict);
    return verdict;
  }

  /** Pauses reading while too many requests are in flight or the client does not read its responses. */
  private flow(): void {
    const isFull = this.unanswered >= MAX_UNANSWERED || this.call.writableNeedDrain;
    if (this.reading && isFull) this.call.pause();
    else this.call.resume();
  }

  private fail(
    { id = '', model_name = '', model_version = '' }: Partial<ModelInferRequest>,
    error: NexusError,
    ms: number,
    charge: Charge,
    trace: Trace | undefined,
  ): void {
    const { code, details } = grpcStatusOf(error);
    this.info.failed(code, ms, error, { model: model_name, version: model_version }, trace);
    if (!this.endsOnError) {
      const about = { id, model_name, model_version, parameters: FINAL };
      this.write({ error_message: details, infer_response: about }, charge);
      return;
    }
    this.sent(charge);
    this.ending ??= error;
    this.stop();
  }

  private known(thrown: unknown): NexusError {
    if (thrown instanceof NexusError) return thrown;
    this.logger.error({ requestId: this.info.requestId, err: thrown });
    return errors.internal();
  }

  private write(answer: ModelStreamInferResponse, charge: Charge): void {
    if (this.call.cancelled || this.call.writableEnded) this.sent(charge);
    else this.call.write(answer, () => this.sent(charge));
  }

  /** Releases the charge of a request whose response has been sent or never will be. */
  private sent(charge: Charge): void {
    charge.close();
    this.charges.delete(charge);
  }

  private stop(): void {
    this.reading = false;
    // Further requests are read and discarded, because a stream ends only if it is read to its end.
    this.call.resume();
    this.endIfDone();
  }

  private endIfDone(): void {
    if (this.unanswered > 0 || this.call.cancelled || this.call.writableEnded) return;
    if (this.ending === undefined) this.call.end();
    else this.call.emit('error', grpcStatusOf(this.ending));
    this.close();
  }

  private close(): void {
    clearTimeout(this.quiet);
    this.reading = false;
    this.closed();
  }

  /** Releases all charges, because no further response will be sent. */
  private abandon(): void {
    for (const charge of this.charges) this.sent(charge);
    this.close();
  }
}
