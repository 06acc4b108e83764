import { Controller, HttpCode, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { RestInference } from '../http/rest-inference';
import { mediaTypeOf } from '../http/body';
import { FORM_MEDIA, PICTURE_MEDIA } from './picture-media';
import { formDialect, pictureDialect } from './picture.dialect';
import { binaryDialect, nexusDialect, tensorflowDialect } from './predict.dialect';
import { ApiPredict, ApiPredictVersion, ApiTensorflowPredict, ApiTensorflowVersion } from './predict.docs';
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** A request to `.../name:predict`. The router treats the last segment as one name. */
type VerbRequest = FastifyRequest<{ Params: { model?: string; name_predict: string } }>;

/** Predictions: inference with plain JSON. */
@ApiTags('Predictions')
@Requires(INFER)
@Controller('v1/models')
export class PredictController {
  constructor(private readonly inference: RestInference) {}

  /**
   * Runs the newest ready version of a model on arrays nested like its inputs. A single item can omit the first
   * dimension; the response then omits it too.
   */
  @Post(':model/predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a model' })
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

  /** Runs the newest ready version of a model in the protocol of TensorFlow Serving, which is also KServe's V1 protocol. */
  @Post(':name_predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a model (TensorFlow Serving)' })
  @ApiTensorflowPredict()
  tensorflowPredict(@Req() request: VerbRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(tensorflowDialect, nameOf(request), undefined, reply);
  }

  /** Runs one version of a model in the protocol of TensorFlow Serving. Aliases are also served at `labels/{alias}:predict`. */
  @Post(':model/versions/:name_predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Predict with a version of a model (TensorFlow Serving)' })
  @ApiTensorflowVersion()
  tensorflowPredictVersion(
    @Param('model') model: string,
    @Req() request: VerbRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(tensorflowDialect, model, nameOf(request), reply);
  }

  /** Like {@link tensorflowPredictVersion}. TensorFlow Serving calls aliases labels. */
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

/** Nexus predictions: pictures by their media type, and the response in the format that the client accepts. */
function dialectFor({ request }: FastifyReply) {
  const type = mediaTypeOf(request);
  if (PICTURE_MEDIA.test(type)) return pictureDialect;
  if (FORM_MEDIA.test(type)) return formDialect;
  return request.headers.accept?.includes('application/octet-stream') === true ? binaryDialect : nexusDialect;
}

/**
 * The name before `:predict`.
 * @throws NexusError verb_not_found for the other verbs of the protocol; NotFoundException for the rest, as for an unknown path.
 */
function nameOf({ params }: VerbRequest): string {
  const [, name, verb] = /^(.+):(predict|explain|classify|regress)$/s.exec(params.name_predict) ?? [];
  if (name === undefined) throw new NotFoundException();
  if (verb !== 'predict') throw errors.verbNotFound(verb!);
  return name;
}
