import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../common/api-errors';
import { detailsOf, entryOf } from '../model-details';
import { ModelRegistry } from '../model-registry';
import { Rollouts } from '../rollout/rollouts';
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
}
