import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiErrors } from '../../transport/http/api-errors';
import { errors } from '../../common/errors';
import { metadataProps } from '../../repository/metadata-props';
import { detailsOf, entryOf } from './model-details';
import { ModelRegistry } from '../../models/registry/model-registry';
import { Rollouts } from '../../models/rollout/rollouts';
import { ModelDetails, ModelEntryList } from './models.dto';
import { DESCRIBE } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** Lists models in the formats of the OpenAI API and of KServe's V1 protocol, and describes them in full. */
@ApiTags('Models')
@Requires(DESCRIBE)
@Controller('v1/models')
export class ModelsController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
  ) {}

  /**
   * Lists the models that have a ready version, because clients of the OpenAI API offer every model in this list.
   * `GET /v1/models/{model}` and the repository index also cover models that are not ready.
   */
  @Get()
  @ApiOperation({ summary: 'List the ready models' })
  @ApiErrors('overloaded', 'internal')
  async listModels(@Req() { caller }: FastifyRequest): Promise<ModelEntryList> {
    const ready = this.registry
      .list()
      .filter(({ name, versions }) => caller.sees(name) && versions.some(({ state }) => state === 'READY'));
    const models = ready.map(({ name }) => name);
    return { object: 'list', data: await Promise.all(ready.map(entryOf)), models };
  }

  /** Returns everything Nexus knows about a model and each of its versions, ready or not. */
  @Get(':model')
  @ApiOperation({ summary: 'Get the details of a model' })
  @ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
  @ApiErrors('not_found', 'overloaded', 'internal')
  async retrieveModel(
    @Param('model') model: string,
    @Req() { caller }: FastifyRequest,
  ): Promise<ModelDetails> {
    return detailsOf(this.registry.get(model), this.rollouts.of(model), caller);
  }

  /**
   * Returns the metadata_props of the ONNX file of a version in full; `GET /v1/models/{model}` truncates long texts. If
   * the file repeats a key, the response repeats it too.
   */
  @Get(':model/versions/:version/metadata_props')
  @ApiOperation({ summary: 'Get the metadata_props of a version' })
  @ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
  @ApiParam({ name: 'version', example: '1', description: 'Version of the model, or its alias.' })
  @ApiOkResponse({
    description: 'The properties. Empty for a pipeline, which has no file.',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  })
  @ApiErrors('not_found', 'overloaded', 'internal', 'unavailable', 'deadline')
  async retrieveMetadataProps(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { options } = await this.registry.describe(model, version);
    const props = Readable.from(options.path === '' ? ['{}'] : metadataProps(options.path));
    await once(props, 'readable').catch((error: NodeJS.ErrnoException) => {
      const reason = error.code ?? error.message;
      throw errors.notReady(`cannot read the file of model '${model}' version ${version}: ${reason}`);
    });
    void reply.type('application/json; charset=utf-8').send(props);
  }
}
