import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { VERSION } from '../../common/version';
import { Config } from '../../config/config';
import { ModelRegistry } from '../../models/registry/model-registry';
import { extensionsOf } from '../../inference/extensions';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ModelList, ModelReady, ServerMetadata } from './v2.dto';
import { ModelMetadata } from '../../models/report/metadata.schema';
import { metadataOf } from '../../models/report/model-metadata';

/** The Open Inference Protocol V2 apart from inference: what there is, and whether it is ready. */
@ApiTags('Models')
@Controller('v2')
export class V2Controller {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** Name and version of the server, and the extensions of the protocol it speaks. */
  @Get()
  @ApiOperation({ summary: 'Describe the server' })
  @ApiV2Errors('overloaded', 'internal')
  serverMetadata(): ServerMetadata {
    return {
      name: 'nexus',
      version: VERSION,
      extensions: ['binary_tensor_data', ...extensionsOf(this.config)],
    };
  }

  /** Names of all models, ready or not; the repository index has their states. */
  @Get('models')
  @ApiOperation({ summary: 'List the models' })
  @ApiV2Errors('overloaded', 'internal')
  modelList(): ModelList {
    return { models: this.registry.list().map(({ name }) => name) };
  }

  /** Inputs and outputs of the newest version that is ready. */
  @Get('models/:model')
  @ApiOperation({ summary: 'Describe a model' })
  @ApiModel()
  @ApiV2Errors('deadline')
  async modelMetadata(@Param('model') model: string): Promise<ModelMetadata> {
    const found = await this.registry.describe(model);
    const ready = this.registry.get(model).versions.filter(({ state }) => state === 'READY');
    return metadataOf(
      found,
      ready.map(({ version }) => version),
    );
  }

  /** Inputs and outputs of one version. */
  @Get('models/:model/versions/:version')
  @ApiOperation({ summary: 'Describe a version of a model' })
  @ApiVersion()
  @ApiV2Errors('deadline')
  async modelVersionMetadata(
    @Param('model') model: string,
    @Param('version') version: string,
  ): Promise<ModelMetadata> {
    return metadataOf(await this.registry.describe(model, version), [version]);
  }

  /** 200 when a version of the model is ready, otherwise 503 with the reason. */
  @Get('models/:model/ready')
  @ApiOperation({ summary: 'Whether a model is ready' })
  @ApiModel()
  modelReady(@Param('model') model: string): ModelReady {
    return { name: this.registry.find(model).name, ready: true };
  }

  /** 200 when the version is ready, otherwise 503 with the reason. */
  @Get('models/:model/versions/:version/ready')
  @ApiOperation({ summary: 'Whether a version of a model is ready' })
  @ApiVersion()
  modelVersionReady(@Param('model') model: string, @Param('version') version: string): ModelReady {
    return { name: this.registry.find(model, version).name, ready: true };
  }
}
