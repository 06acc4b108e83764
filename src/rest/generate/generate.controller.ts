import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../../transport/caller';
import { Config } from '../../config/config';
import type { Signature } from '../../models/signature';
import type { InferenceResult } from '../../inference/request/inference-request';
import { InferenceService } from '../../inference/inference.service';
import { sendAnswer, tell } from '../http/answer';
import { bodyOf } from '../http/body';
import { Codec } from '../codec/codec';
import type { EncodedResponse } from '../codec/messages';
import { deadlineOf } from '../http/request-headers';
import { exchangeOf, type Exchange } from '../http/exchange';
import { sendEvent } from './event-stream';
import {
  ApiGenerate,
  ApiGenerateStream,
  ApiGenerateStreamVersion,
  ApiGenerateVersion,
} from './generate.docs';

/**
 * The generate extension of Triton: inference with a flat JSON object, in which inputs and outputs stand under their
 * names.
 */
@ApiTags('Inference')
@Controller('v2/models')
export class GenerateController {
  constructor(
    private readonly inference: InferenceService,
    private readonly codec: Codec,
    private readonly config: Config,
  ) {}

  /** Runs the newest version of a model that is ready. */
  @Post(':model/generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model on plain values' })
  @ApiGenerate()
  async generate(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendAnswer(reply, await this.answer(model, undefined, request, reply), this.config.responseCompression);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model on plain values' })
  @ApiGenerateVersion()
  async generateVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendAnswer(reply, await this.answer(model, version, request, reply), this.config.responseCompression);
  }

  /** Runs the newest version of a model that is ready; the answer is a stream of one server-sent event. */
  @Post(':model/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model on plain values, and stream' })
  @ApiGenerateStream()
  async generateStream(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendEvent(reply, await this.answer(model, undefined, request, reply));
  }

  /** Runs one version of a model; the answer is a stream of one server-sent event. */
  @Post(':model/versions/:version/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model on plain values, and stream' })
  @ApiGenerateStreamVersion()
  async generateStreamVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendEvent(reply, await this.answer(model, version, request, reply));
  }

  /**
   * The whole answer, before any of it is sent. Models answer once, so that also a stream fails, if it does, before it
   * begins: with the status and the JSON of any other error. Triton then sends an event with the key `error`, but its
   * clients look at the status first, and many readers of events give up on one that is not 200.
   */
  private async answer(
    model: string,
    version: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<EncodedResponse> {
    const { answer, summary } = await this.inference.serve(model, version, {
      deadline: () => deadlineOf(request.headers, undefined, this.config.requestTimeoutMs),
      decode: (signature) => this.decode(model, signature, request),
      encode: (result, { message }: Exchange) => this.encode(result, message.id),
      requestId: request.id,
      memory: request.memory,
      caller: () => callerOf(request),
    });
    tell(reply, summary);
    return answer;
  }

  private async decode(
    model: string,
    { inputs, outputNames, batches }: Signature,
    request: FastifyRequest,
  ): Promise<Exchange> {
    const plain = await bodyOf(request, this.config.bodyLimit);
    const message = await this.codec.decodeGenerate(plain, { model, inputs, outputNames, batches });
    return exchangeOf(message, request, this.config.requestTimeoutMs);
  }

  private encode(
    { model, version, outputs }: InferenceResult,
    id: string | undefined,
  ): EncodedResponse | Promise<EncodedResponse> {
    return this.codec.encodeGenerate({ id, modelName: model, modelVersion: version, outputs });
  }
}
