import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chain } from '../../common/chain';
import { callerOf } from '../../transport/caller';
import { Config } from '../../config/config';
import type { Signature } from '../../models/signature';
import type { InferenceResult } from '../../inference/request/inference-request';
import { InferenceService } from '../../inference/inference.service';
import { sendAnswer, tell } from '../http/answer';
import { bodyOf } from '../http/body';
import { Codec } from '../codec/codec';
import type { EncodedResponse } from '../codec/messages';
import { exchangeOf, type Exchange } from '../http/exchange';
import { rawRequest } from './codec/raw-request';
import { deadlineOf, headerLengthOf } from '../http/request-headers';
import { ApiInfer, ApiInferVersion } from './v2.docs';

/** Inference by the Open Inference Protocol V2, with JSON and binary tensors. */
@ApiTags('Inference')
@Controller('v2/models')
export class InferController {
  constructor(
    private readonly inference: InferenceService,
    private readonly codec: Codec,
    private readonly config: Config,
  ) {}

  /** Runs the newest version of a model that is ready. */
  @Post(':model/infer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model' })
  @ApiInfer()
  infer(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, undefined, request, reply);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/infer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model' })
  @ApiInferVersion()
  inferVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, version, request, reply);
  }

  private async answer(
    model: string,
    version: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { answer, summary } = await this.inference.serve(model, version, {
      deadline: () => deadlineOf(request.headers, undefined, this.config.requestTimeoutMs),
      decode: (signature) => this.decode(request, signature),
      encode: (result, exchange: Exchange) => this.encode(result, exchange),
      requestId: request.id,
      memory: request.memory,
      caller: () => callerOf(request),
    });
    tell(reply, summary);
    sendAnswer(reply, answer, this.config.responseCompression);
  }

  private decode(request: FastifyRequest, signature: Signature): Exchange | Promise<Exchange> {
    const { bodyLimit, requestTimeoutMs } = this.config;
    const headerLength = headerLengthOf(request.headers);
    const message = chain(bodyOf(request, bodyLimit), (bytes) =>
      headerLength === 0 ? rawRequest(bytes, signature) : this.codec.decode(bytes, headerLength),
    );
    return chain(message, (decoded) => exchangeOf(decoded, request, requestTimeoutMs));
  }

  private encode(
    { model, version, outputs }: InferenceResult,
    { message }: Exchange,
  ): EncodedResponse | Promise<EncodedResponse> {
    const response = { id: message.id, modelName: model, modelVersion: version, outputs };
    const asked = message.outputs;
    return this.codec.encode(
      response,
      asked.length === 0
        ? () => message.binaryOutput
        : (name) => asked.some((output) => output.name === name && output.binary),
    );
  }
}
