import type { FastifyRequest } from 'fastify';
import { chain } from '../../common/chain';
import { errors } from '../../common/errors';
import type { Charge } from '../../common/memory-in-flight';
import type { Trace } from '../../common/trace';
import type { Config } from '../../config/config';
import type { Caller } from '../../identity/caller';
import type { Translation } from '../../inference/inference.service';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import { hasSlice } from '../../inference/shared-memory/memory-slice';
import type { Standing } from '../../limits/verdict';
import type { Signature } from '../../models/signature';
import type { Tokenizer } from '../../tasks/text/tokenizer';
import { IDEMPOTENCY_HEADER } from '../../transport/http/inference-headers';
import { SESSION_HEADER, sessionFrom } from '../../transport/target-headers';
import type { Codec } from '../codec/codec';
import type { Dialect, Fitted, NamedDialect, Wire } from '../codec/dialect';
import type { DecodedRequest, EncodedResponse } from '../codec/messages';
import { bodyOf } from './body';
import { deadlineOf } from './request-headers';

/** An inference request, with the data to encode its response. */
interface Exchange<Message> extends InferenceRequest {
  readonly message: Message;
  readonly signature: Signature;
}

/** Decodes the body of `request`. @throws NexusError, or rejects with it, like {@link bodyOf} and the wire. */
export function messageOf<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
  wire: Wire<Target, Message, Answer>,
  target: Target,
  request: FastifyRequest,
  codec: Codec,
  { bodyLimit }: Config,
): Message | Promise<Message> {
  return chain(bodyOf(request, bodyLimit, wire.media?.(target)), (bytes) =>
    codec.decode(wire, bytes, target),
  );
}

/** Common part of the translation of REST requests. One object per request replaces one closure per member. */
abstract class RestTranslation<Message extends DecodedRequest> implements Translation<
  Exchange<Message>,
  EncodedResponse
> {
  readonly requestId: string;
  readonly memory: Charge | undefined;
  readonly caller: Caller;
  readonly trace: Trace | undefined;

  constructor(
    protected readonly request: FastifyRequest,
    protected readonly codec: Codec,
    protected readonly config: Config,
  ) {
    this.requestId = request.id;
    this.memory = request.memory;
    this.caller = request.caller;
    this.trace = request.trace;
  }

  abstract decode(
    signature: Signature,
    tokenizer: Tokenizer | undefined,
  ): Exchange<Message> | Promise<Exchange<Message>>;

  abstract encode(
    result: InferenceResult,
    exchange: Exchange<Message>,
  ): EncodedResponse | Promise<EncodedResponse>;

  /** The deadline according to the headers. @throws NexusError invalid_input */
  deadline(): number {
    return deadlineOf(this.request.headers, undefined, this.config.requestTimeoutMs);
  }

  limited(standings: readonly Standing[]): void {
    const { request } = this;
    request.standings = request.standings === undefined ? standings : [...request.standings, ...standings];
  }

  protected exchange(message: Message, signature: Signature): Exchange<Message> {
    const { headers, raw } = this.request;
    const { inputs, outputs, text, priority, timeoutMs } = message;
    const usesRegion = inputs.some(hasSlice) || outputs.some(hasSlice);
    if (usesRegion && headers[IDEMPOTENCY_HEADER] !== undefined) throw errors.idempotencyOfRegions();
    return {
      message,
      signature,
      inputs,
      outputs,
      text,
      priority,
      session: sessionFrom(headers[SESSION_HEADER]),
      deadline: deadlineOf(headers, timeoutMs, this.config.requestTimeoutMs),
      abandoned: () => raw.socket.destroyed,
    };
  }
}

/** Translates a request that names its model in the path. */
export class PathTranslation<
  Target,
  Message extends DecodedRequest,
  Answer extends InferenceResult,
> extends RestTranslation<Message> {
  constructor(
    request: FastifyRequest,
    codec: Codec,
    config: Config,
    private readonly dialect: Dialect<Target, Message, Answer>,
    private readonly model: string,
  ) {
    super(request, codec, config);
  }

  decode(signature: Signature): Exchange<Message> | Promise<Exchange<Message>> {
    const { dialect, request, codec, config } = this;
    const target = dialect.targetOf(signature, this.model, request.headers);
    const decoded = messageOf(dialect, target, request, codec, config);
    return chain(decoded, (message) => this.exchange(message, signature));
  }

  encode(result: InferenceResult, { message, signature }: Exchange<Message>) {
    return this.codec.encode(this.dialect, this.dialect.answerOf(result, message, signature));
  }
}

/** Translates a request that names its model in the body, which is therefore decoded already. */
export class BodyTranslation<
  Message extends DecodedRequest,
  Answer extends InferenceResult,
> extends RestTranslation<Message> {
  constructor(
    request: FastifyRequest,
    codec: Codec,
    config: Config,
    private readonly dialect: NamedDialect<Message, Answer>,
    private readonly message: Message,
    private readonly model: string,
    /** The deadline. Its time starts when the request arrives, not when the body is decoded. */
    private readonly latest: number,
  ) {
    super(request, codec, config);
  }

  override deadline(): number {
    return this.latest;
  }

  decode(signature: Signature, tokenizer: Tokenizer | undefined) {
    const { dialect, message, model, latest: deadline } = this;
    return chain(dialect.fit(message, { model, signature, tokenizer }), (fitted): Exchange<Message> => {
      this.chargeFor(fitted);
      return { ...this.exchange(message, signature), ...fitted, deadline };
    });
  }

  encode(result: InferenceResult, exchange: Exchange<Message>) {
    const { dialect, message } = this;
    return this.codec.encode(dialect, dialect.answerOf(result, message, exchange.signature, exchange));
  }

  /** Charges the inputs if they are larger than the body, which names some of them once for many rows. */
  private chargeFor({ inputs }: Fitted): void {
    if (this.memory === undefined) return;
    let bytes = 0;
    for (const { data } of inputs) bytes += data.byteLength;
    if (bytes > this.memory.bytes) this.memory.hold(bytes);
  }
}
