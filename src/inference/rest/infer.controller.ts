import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config';
import type { Signature } from '../../models/model-version';
import type { InferenceRequest, InferenceResult } from '../inference-request';
import { InferenceService } from '../inference.service';
import { sendAnswer } from './answer';
import { decompressed } from './body';
import { Codec } from './codec/codec';
import type { EncodedResponse, V2Request } from './codec/messages';
import { rawRequest } from './raw-request';
import { deadlineOf, headerLengthOf } from './request-headers';
import { ApiInfer, ApiInferVersion } from './v2.docs';

/** An inference request together with the message it came in, which says how to answer. */
interface Exchange extends InferenceRequest {
  readonly message: V2Request;
}

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
    const served = await this.inference.serve(model, version, {
      decode: (signature) => this.decode(request, signature),
      encode: (result, exchange: Exchange) => this.encode(result, exchange),
      requestId: request.id,
    });
    const { rows, queueMs, runMs } = served;
    request.inference = { model, version: served.version, outcome: 'success', rows, queueMs, runMs };
    sendAnswer(reply, served.answer, this.config.responseCompression);
  }

  private decode(request: FastifyRequest, signature: Signature): Exchange | Promise<Exchange> {
    const { headers } = request;
    const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
    const plain = decompressed(body, headers['content-encoding'], this.config.bodyLimit);
    const headerLength = headerLengthOf(headers);
    const read = (bytes: Buffer) =>
      headerLength === 0 ? rawRequest(bytes, signature) : this.codec.decode(bytes, headerLength);
    const message = plain instanceof Promise ? plain.then(read) : read(plain);
    return message instanceof Promise
      ? message.then((decoded) => this.exchange(decoded, request))
      : this.exchange(message, request);
  }

  private exchange(message: V2Request, { headers, raw }: FastifyRequest): Exchange {
    return {
      message,
      inputs: message.inputs,
      outputs: message.outputs,
      deadline: deadlineOf(headers, message.parameters, this.config.requestTimeoutMs),
      abandoned: () => raw.socket.destroyed,
    };
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
