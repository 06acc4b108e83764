import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chain } from '../../common/chain';
import { Config } from '../../config/config';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';
import { InferenceService, type Translation } from '../../inference/inference.service';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import type { Signature } from '../../models/signature';
import { Codec } from '../codec/codec';
import type { Dialect, Fitted, NamedDialect, Wire } from '../codec/dialect';
import type { DecodedRequest, EncodedResponse } from '../codec/messages';
import type { NamedVersion } from '../../transport/http/request-log';
import { setLimitHeaders } from '../../transport/http/set-limit-headers';
import { sendAnswer } from './answer';
import { Idempotency } from '../idempotency/idempotency';
import { idempotencyKeyOf, REPLAYED_HEADER } from '../idempotency/idempotency-key';
import { bodyOf } from './body';
import type { CompressionPolicy } from './compression';
import { hasSlice } from '../../inference/shared-memory/memory-slice';
import { errors } from '../../common/errors';
import { deadlineOf } from './request-headers';
import { SESSION_HEADER, sessionFrom, TARGET_HEADER } from '../../transport/target-headers';

/** An inference request, with what encoding its response requires. */
interface Exchange<Message> extends InferenceRequest {
  readonly message: Message;
  readonly signature: Signature;
}

/** Sends a response. @throws NexusError memory_busy, before anything is sent. */
type Send = (
  reply: FastifyReply,
  response: EncodedResponse,
  policy: CompressionPolicy,
) => void | Promise<void>;

/** Serves the inference requests of all REST dialects. */
@Injectable()
export class RestInference {
  constructor(
    private readonly inference: InferenceService,
    private readonly codec: Codec,
    private readonly idempotency: Idempotency,
    private readonly config: Config,
  ) {}

  /**
   * Runs `model` on the request of `reply` and sends the response. Rejects with a NexusError, before anything is sent,
   * like {@link InferenceService.serve} and if a header or the body is invalid.
   *
   * @param version undefined to choose a version by the traffic split of the model.
   */
  async serve<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send = sendAnswer,
  ): Promise<void> {
    const { request } = reply;
    const key = idempotencyKeyOf(request);
    if (key === undefined) return this.run(dialect, model, version, reply, send);
    return this.replay(key, reply, send, (storing) => this.run(dialect, model, version, reply, storing));
  }

  /**
   * Like {@link serve}, for a request that names its model in the body.
   *
   * @param choose the model of a decoded request, and its version as for {@link serve}. Throws a NexusError if the request
   * does not name one.
   */
  async serveNamed<Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: NamedDialect<Message, Answer>,
    choose: (message: Message) => NamedVersion,
    reply: FastifyReply,
  ): Promise<void> {
    const { request } = reply;
    const key = idempotencyKeyOf(request);
    if (key === undefined) return this.runNamed(dialect, choose, reply, sendAnswer);
    return this.replay(key, reply, sendAnswer, (storing) => this.runNamed(dialect, choose, reply, storing));
  }

  /** Sends the stored response to the first attempt with `key`, or runs the request, whose response is stored. */
  private async replay(
    key: string,
    reply: FastifyReply,
    send: Send,
    run: (storing: Send) => Promise<void>,
  ): Promise<void> {
    const { request } = reply;
    const replayed = await this.idempotency.replay(request, key, this.deadlineOf(request), (store) =>
      run(async (_, response, policy) => {
        await store(response);
        await send(reply, response, policy);
      }),
    );
    if (replayed === undefined) return;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    reply.header(REPLAYED_HEADER, 'true');
    return send(reply, replayed, this.config.responseCompression);
  }

  private run<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send,
  ): Promise<void> {
    const { request } = reply;
    return this.infer(model, version, reply, send, {
      deadline: () => this.deadlineOf(request),
      decode: (signature) => this.decode(dialect, model, signature, request),
      encode: (result, { message, signature }: Exchange<Message>) =>
        this.codec.encode(dialect, dialect.answerOf(result, message, signature)),
    });
  }

  private async runNamed<Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: NamedDialect<Message, Answer>,
    choose: (message: Message) => NamedVersion,
    reply: FastifyReply,
    send: Send,
  ): Promise<void> {
    const { request } = reply;
    const deadline = this.deadlineOf(request);
    const message = await this.message(dialect, undefined, request);
    const requested = choose(message);
    request.requested = requested;
    const { model, version } = requested;
    return this.infer(model, version, reply, send, {
      deadline: () => deadline,
      decode: (signature, tokenizer) =>
        chain(dialect.fit(message, { model, signature, tokenizer }), (fitted): Exchange<Message> => {
          chargeFor(fitted, request);
          return { ...this.exchange(message, signature, request), ...fitted, deadline };
        }),
      encode: (result, exchange) =>
        this.codec.encode(dialect, dialect.answerOf(result, message, exchange.signature, exchange)),
    });
  }

  /** Runs `model` on what `adapter` decodes, and sends what it encodes. */
  private async infer<Message>(
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send,
    adapter: Pick<Translation<Exchange<Message>, EncodedResponse>, 'deadline' | 'decode' | 'encode'>,
  ): Promise<void> {
    const { request } = reply;
    const { answer, summary } = await this.inference.serve(model, version, {
      ...adapter,
      requestId: request.id,
      memory: request.memory,
      caller: request.caller,
      limited: (standings) => (request.standings = [...(request.standings ?? []), ...standings]),
    });
    request.inference = summary;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    if (summary.cache !== undefined) reply.header(CACHE_HEADER, summary.cache);
    if (summary.target !== undefined && request.caller.has('admin'))
      reply.header(TARGET_HEADER, summary.target);
    return send(reply, answer, this.config.responseCompression);
  }

  /** The deadline of `request`, as far as its headers tell it. */
  private deadlineOf({ headers }: FastifyRequest): number {
    return deadlineOf(headers, undefined, this.config.requestTimeoutMs);
  }

  private decode<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    model: string,
    signature: Signature,
    request: FastifyRequest,
  ): Exchange<Message> | Promise<Exchange<Message>> {
    const target = dialect.targetOf(signature, model, request.headers);
    return chain(this.message(dialect, target, request), (decoded) =>
      this.exchange(decoded, signature, request),
    );
  }

  /** Decodes the body of `request`. */
  private message<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    wire: Wire<Target, Message, Answer>,
    target: Target,
    request: FastifyRequest,
  ): Message | Promise<Message> {
    return chain(bodyOf(request, this.config.bodyLimit, wire.media?.(target)), (bytes) =>
      this.codec.decode(wire, bytes, target),
    );
  }

  private exchange<Message extends DecodedRequest>(
    message: Message,
    signature: Signature,
    { headers, raw }: FastifyRequest,
  ): Exchange<Message> {
    const usesRegion = message.inputs.some(hasSlice) || message.outputs.some(hasSlice);
    if (usesRegion && idempotencyKeyOf({ headers }) !== undefined) throw errors.idempotencyOfRegions();
    return {
      message,
      signature,
      inputs: message.inputs,
      outputs: message.outputs,
      text: message.text,
      priority: message.priority,
      session: sessionFrom(headers[SESSION_HEADER]),
      deadline: deadlineOf(headers, message.timeoutMs, this.config.requestTimeoutMs),
      abandoned: () => raw.socket.destroyed,
    };
  }
}

/** Charges the inputs of `request` if they are larger than its body, which names some of them once for many rows. */
function chargeFor({ inputs }: Fitted, { memory }: FastifyRequest): void {
  if (memory === undefined) return;
  let bytes = 0;
  for (const { data } of inputs) bytes += data.byteLength;
  if (bytes > memory.bytes) memory.hold(bytes);
}
