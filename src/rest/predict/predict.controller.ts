import { Controller, HttpCode, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chain } from '../../common/chain';
import { callerOf } from '../../transport/caller';
import { Config } from '../../config/config';
import type { Signature } from '../../models/signature';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import { InferenceService } from '../../inference/inference.service';
import { sendAnswer, tell } from '../http/answer';
import { bodyOf } from '../http/body';
import { Codec } from '../codec/codec';
import type { EncodedResponse } from '../codec/messages';
import type { Dialect, PredictRequest } from './messages';
import { deadlineOf } from '../http/request-headers';
import { ApiPredict, ApiPredictVersion, ApiTensorflowPredict, ApiTensorflowVersion } from './predict.docs';

/** A prediction that is asked for, and how to answer it. */
interface Exchange extends InferenceRequest {
  readonly message: PredictRequest;
  readonly signature: Signature;
}

/** A request to `.../name:predict`, which the router takes for one name. */
type VerbRequest = FastifyRequest<{ Params: { model?: string; name_predict: string } }>;

/** Predictions: inference as a person would write it. */
@ApiTags('Predictions')
@Controller('v1/models')
export class PredictController {
  constructor(
    private readonly inference: InferenceService,
    private readonly codec: Codec,
    private readonly config: Config,
  ) {}

  /**
   * Runs the newest version of a model that is ready on arrays nested as the model has its dimensions; a single item
   * may leave out the first one, and is answered without it.
   */
  @Post(':model/predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict' })
  @ApiPredict()
  predict(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, undefined, 'nexus', request, reply);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a version of a model' })
  @ApiPredictVersion()
  predictVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, version, 'nexus', request, reply);
  }

  /** Runs the newest version of a model that is ready, in the protocol of TensorFlow Serving, which is KServe's V1 too. */
  @Post(':name_predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict as TensorFlow Serving does' })
  @ApiTensorflowPredict()
  tensorflowPredict(@Req() request: VerbRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(nameOf(request), undefined, 'tensorflow', request, reply);
  }

  /** Runs one version of a model in the protocol of TensorFlow Serving; an alias of it does at `labels/{alias}:predict` too. */
  @Post(':model/versions/:name_predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a version of a model as TensorFlow Serving does' })
  @ApiTensorflowVersion()
  tensorflowPredictVersion(
    @Param('model') model: string,
    @Req() request: VerbRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, nameOf(request), 'tensorflow', request, reply);
  }

  /** As {@link tensorflowPredictVersion}: labels are what TensorFlow Serving calls aliases. */
  @Post(':model/labels/:name_predict')
  @HttpCode(200)
  @ApiExcludeEndpoint()
  tensorflowPredictLabel(
    @Param('model') model: string,
    @Req() request: VerbRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(model, nameOf(request), 'tensorflow', request, reply);
  }

  private async answer(
    model: string,
    version: string | undefined,
    dialect: Dialect,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const isBinary =
      dialect === 'nexus' && request.headers.accept?.includes('application/octet-stream') === true;
    const { answer, summary } = await this.inference.serve(model, version, {
      deadline: () => deadlineOf(request.headers, undefined, this.config.requestTimeoutMs),
      decode: (signature) => this.decode(request, signature, dialect),
      encode: (result, exchange: Exchange) =>
        isBinary ? this.encodeBinary(result, exchange) : this.encode(result, exchange, dialect),
      requestId: request.id,
      memory: request.memory,
      caller: () => callerOf(request),
    });
    tell(reply, summary);
    sendAnswer(reply, answer, this.config.responseCompression);
  }

  private decode(
    request: FastifyRequest,
    signature: Signature,
    dialect: Dialect,
  ): Exchange | Promise<Exchange> {
    const expected = { dialect, inputs: signature.inputs, batches: signature.batches };
    const message = chain(bodyOf(request, this.config.bodyLimit), (bytes) =>
      this.codec.decodePredict(bytes, expected),
    );
    return chain(message, (decoded) => this.exchange(decoded, signature, request));
  }

  private exchange(
    message: PredictRequest,
    signature: Signature,
    { headers, raw }: FastifyRequest,
  ): Exchange {
    return {
      message,
      signature,
      inputs: message.inputs,
      outputs: message.outputs.map((name) => ({ name })),
      priority: 0,
      deadline: deadlineOf(headers, undefined, this.config.requestTimeoutMs),
      abandoned: () => raw.socket.destroyed,
    };
  }

  private encode(result: InferenceResult, { message, signature }: Exchange, dialect: Dialect) {
    const { id, layout, topK } = message;
    const { labels, softmax, batches } = signature;
    return this.codec.encodePredict({ ...result, id, dialect, layout, topK, labels, softmax, batches });
  }

  private encodeBinary(
    { model, version, outputs }: InferenceResult,
    { message }: Exchange,
  ): EncodedResponse | Promise<EncodedResponse> {
    const response = { id: message.id, modelName: model, modelVersion: version, outputs };
    return this.codec.encode(response, () => true);
  }
}

/** What stands before `:predict`. @throws NotFoundException for any other verb, as for a path that is unknown. */
function nameOf({ params }: VerbRequest): string {
  const [, name] = /^(.+):predict$/s.exec(params.name_predict) ?? [];
  if (name === undefined) throw new NotFoundException();
  return name;
}
