import { Controller, HttpCode, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RestInference } from '../http/rest-inference';
import { binaryDialect, nexusDialect, tensorflowDialect } from './predict.dialect';
import { ApiPredict, ApiPredictVersion, ApiTensorflowPredict, ApiTensorflowVersion } from './predict.docs';

/** A request to `.../name:predict`, which the router takes for one name. */
type VerbRequest = FastifyRequest<{ Params: { model?: string; name_predict: string } }>;

/** Predictions: inference as a person would write it. */
@ApiTags('Predictions')
@Controller('v1/models')
export class PredictController {
  constructor(private readonly inference: RestInference) {}

  /**
   * Runs the newest version of a model that is ready on arrays nested as the model has its dimensions; a single item
   * may leave out the first one, and is answered without it.
   */
  @Post(':model/predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict' })
  @ApiPredict()
  predict(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(dialectFor(reply), model, undefined, reply);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a version of a model' })
  @ApiPredictVersion()
  predictVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(dialectFor(reply), model, version, reply);
  }

  /** Runs the newest version of a model that is ready, in the protocol of TensorFlow Serving, which is KServe's V1 too. */
  @Post(':name_predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict as TensorFlow Serving does' })
  @ApiTensorflowPredict()
  tensorflowPredict(@Req() request: VerbRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(tensorflowDialect, nameOf(request), undefined, reply);
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
    return this.inference.serve(tensorflowDialect, model, nameOf(request), reply);
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
    return this.inference.serve(tensorflowDialect, model, nameOf(request), reply);
  }
}

/** Our own form of predictions, answered as the client accepts. */
function dialectFor({ request }: FastifyReply) {
  return request.headers.accept?.includes('application/octet-stream') === true ? binaryDialect : nexusDialect;
}

/** What stands before `:predict`. @throws NotFoundException for any other verb, as for a path that is unknown. */
function nameOf({ params }: VerbRequest): string {
  const [, name] = /^(.+):predict$/s.exec(params.name_predict) ?? [];
  if (name === undefined) throw new NotFoundException();
  return name;
}
