import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chain } from '../../common/chain';
import { Config } from '../../config/config';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';
import { InferenceService } from '../../inference/inference.service';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import type { Signature } from '../../models/signature';
import { Codec } from '../codec/codec';
import type { Dialect } from '../codec/dialect';
import type { DecodedRequest, EncodedResponse } from '../codec/messages';
import { setLimitHeaders } from '../../transport/http/set-limit-headers';
import { sendAnswer } from './answer';
import { Idempotency } from '../idempotency/idempotency';
import { idempotencyKeyOf, REPLAYED_HEADER } from '../idempotency/idempotency-key';
import { bodyOf } from './body';
import type { CompressionPolicy } from './compression';
import { hasSlice } from '../../inference/shared-memory/memory-slice';
import { errors } from '../../common/errors';
import { deadlineOf } from './request-headers';

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
    const replayed = await this.idempotency.replay(request, key, this.deadlineOf(request), (store) =>
      this.run(dialect, model, version, reply, async (_, response, policy) => {
        await store(response);
        await send(reply, response, policy);
      }),
    );
    if (replayed === undefined) return;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    reply.header(REPLAYED_HEADER, 'true');
    return send(reply, replayed, this.config.responseCompression);
  }

  private async run<Target, Message extends DecodedRequest, Answer extends InferenceResult>(
    dialect: Dialect<Target, Message, Answer>,
    model: string,
    version: string | undefined,
    reply: FastifyReply,
    send: Send,
  ): Promise<void> {
    const { request } = reply;
    const { answer, summary } = await this.inference.serve(model, version, {
      deadline: () => this.deadlineOf(request),
      decode: (signature) => this.decode(dialect, model, signature, request),
      encode: (result, { message, signature }: Exchange<Message>) =>
        this.codec.encode(dialect, dialect.answerOf(result, message, signature)),
      requestId: request.id,
      memory: request.memory,
      caller: request.caller,
      limited: (standings) => (request.standings = [...(request.standings ?? []), ...standings]),
    });
    request.inference = summary;
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    if (summary.cache !== undefined) reply.header(CACHE_HEADER, summary.cache);
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
    const message = chain(bodyOf(request, this.config.bodyLimit, dialect.media), (bytes) =>
      this.codec.decode(dialect, bytes, target),
    );
    return chain(message, (decoded) => this.exchange(decoded, signature, request));
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
      deadline: deadlineOf(headers, message.timeoutMs, this.config.requestTimeoutMs),
      abandoned: () => raw.socket.destroyed,
    };
  }
}
