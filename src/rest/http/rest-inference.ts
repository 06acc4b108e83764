import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';
import { InferenceService, type Translation } from '../../inference/inference.service';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import { IDEMPOTENCY_HEADER } from '../../transport/http/inference-headers';
import { setLoadHeader } from '../../transport/http/load-header';
import type { NamedVersion } from '../../transport/http/request-log';
import { setLimitHeaders } from '../../transport/http/set-limit-headers';
import { TARGET_HEADER } from '../../transport/target-headers';
import { Codec } from '../codec/codec';
import type { Dialect, NamedDialect } from '../codec/dialect';
import type { DecodedRequest, EncodedResponse } from '../codec/messages';
import { Idempotency } from '../idempotency/idempotency';
import { idempotencyKeyOf, REPLAYED_HEADER } from '../idempotency/idempotency-key';
import { sendAnswer } from './answer';
import type { CompressionPolicy } from './compression';
import { deadlineOf } from './request-headers';
import { BodyTranslation, messageOf, PathTranslation } from './rest-translation';

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
  serve<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send = sendAnswer,
  ): Promise<void> {
    const { request } = reply;
    const translation = new PathTranslation(request, this.codec, this.config, dialect, model);
    if (request.headers[IDEMPOTENCY_HEADER] === undefined)
      return this.run(model, version, reply, send, translation);
    return this.replay(reply, send, (storing) => this.run(model, version, reply, storing, translation));
  }

  /**
   * Like {@link serve}, for a request that names its model in the body.
   *
   * @param choose the model of a decoded request, and its version as for {@link serve}. Throws a NexusError if the request
   * does not name one.
   */
  serveNamed<Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: NamedDialect<Message, Answer>,
    choose: (message: Message) => NamedVersion,
    reply: FastifyReply,
  ): Promise<void> {
    if (reply.request.headers[IDEMPOTENCY_HEADER] === undefined)
      return this.runNamed(dialect, choose, reply, sendAnswer);
    return this.replay(reply, sendAnswer, (storing) => this.runNamed(dialect, choose, reply, storing));
  }

  /** Sends the stored response to the first attempt with the key of the request, or runs it and stores the response. */
  private async replay(
    reply: FastifyReply,
    send: Send,
    run: (storing: Send) => Promise<void>,
  ): Promise<void> {
    const { request } = reply;
    const key = idempotencyKeyOf(request)!;
    const replayed = await this.idempotency.replay(request, key, this.deadlineOf(request), (store) =>
      run(async (_, response, policy) => {
        await store(response);
        await send(reply, response, policy);
      }),
    );
    if (replayed === undefined) return;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    setLoadHeader(reply);
    reply.header(REPLAYED_HEADER, 'true');
    return send(reply, replayed, this.config.responseCompression);
  }

  private async runNamed<Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: NamedDialect<Message, Answer>,
    choose: (message: Message) => NamedVersion,
    reply: FastifyReply,
    send: Send,
  ): Promise<void> {
    const { codec, config } = this;
    const { request } = reply;
    const deadline = this.deadlineOf(request);
    const message = await messageOf(dialect, undefined, request, codec, config);
    const requested = choose(message);
    request.requested = requested;
    const { model, version } = requested;
    const translation = new BodyTranslation(request, codec, config, dialect, message, model, deadline);
    return this.run(model, version, reply, send, translation);
  }

  /** Runs `model` on what `translation` decodes, and sends what it encodes. */
  private async run<Request extends InferenceRequest>(
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send,
    translation: Translation<Request, EncodedResponse>,
  ): Promise<void> {
    const { answer, summary } = await this.inference.serve(model, version, translation);
    const { request } = reply;
    request.inference = summary;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    setLoadHeader(reply);
    if (summary.cache !== undefined) reply.header(CACHE_HEADER, summary.cache);
    if (summary.target !== undefined && request.caller.has('admin'))
      reply.header(TARGET_HEADER, summary.target);
    return send(reply, answer, this.config.responseCompression);
  }

  /** The deadline of `request`, as far as its headers tell it. @throws NexusError invalid_input */
  private deadlineOf({ headers }: FastifyRequest): number {
    return deadlineOf(headers, undefined, this.config.requestTimeoutMs);
  }
}
