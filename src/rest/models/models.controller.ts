import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiErrors } from '../../transport/http/api-errors';
import { errors } from '../../common/errors';
import { metadataProps } from '../../repository/metadata-props';
import { detailsOf, entryOf } from './model-details';
import { ModelRegistry } from '../../models/registry/model-registry';
import { Rollouts } from '../../models/rollout/rollouts';
import { ModelDetails, ModelEntryList } from './models.dto';

/** What is served, as clients of OpenAI's API ask for it, and all that is known of it. */
@ApiTags('Models')
@Controller('v1/models')
export class ModelsController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
  ) {}

  /**
   * The models that can be called: those with a version that is ready, for clients of OpenAI's API offer what is in
   * this list. `GET /v1/models/{model}` and the repository index have the others too.
   */
  @Get()
  @ApiOperation({ summary: 'List the models that are ready' })
  @ApiErrors('overloaded', 'internal')
  async listModels(): Promise<ModelEntryList> {
    const ready = this.registry
      .list()
      .filter(({ versions }) => versions.some(({ state }) => state === 'READY'));
    return { object: 'list', data: await Promise.all(ready.map(entryOf)) };
  }

  /** All that is known of a model and each of its versions, ready or not. */
  @Get(':model')
  @ApiOperation({ summary: 'Everything about a model' })
  @ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
  @ApiErrors('not_found', 'overloaded', 'internal')
  async retrieveModel(@Param('model') model: string): Promise<ModelDetails> {
    return detailsOf(this.registry.get(model), this.rollouts.of(model));
  }
  /**
   * The metadata_props of the ONNX file of a version, whole: `GET /v1/models/{model}` cuts long texts. Where the file has
   * a key more than once, so has the answer.
   */
  @Get(':model/versions/:version/metadata_props')
  @ApiOperation({ summary: 'All metadata_props of a version' })
  @ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
  @ApiParam({ name: 'version', example: '1', description: 'Version of the model, or an alias.' })
  @ApiOkResponse({
    description: 'The properties; none for a pipeline, which has no file.',
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
      throw errors.notReady(`the file of model '${model}' version ${version} cannot be read: ${reason}`);
    });
    void reply.type('application/json; charset=utf-8').send(props);
  }
}
