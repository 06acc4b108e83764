import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { VERSION } from '../../common/version';
import { Config } from '../../config/config';
import { ModelRegistry } from '../../models/registry/model-registry';
import { extensionsOf } from '../../inference/extensions';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ModelList, ModelReady, ServerMetadata } from './v2.dto';
import { ModelMetadata } from '../../models/report/metadata.schema';
import { metadataOf } from '../../models/report/model-metadata';
import { DESCRIBE } from '../../identity/access';
import { Requires } from '../../transport/http/requires';
import { BINARY_EXTENSION } from '../../open-inference/http';

/** Metadata and readiness of the Open Inference Protocol V2. */
@ApiTags('Models')
@Requires(DESCRIBE)
@Controller('v2')
export class V2Controller {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** Returns the name and version of the server, and the protocol extensions that it supports. */
  @Get()
  @ApiOperation({ summary: 'Describe the server' })
  @ApiV2Errors('overloaded', 'internal')
  serverMetadata(): ServerMetadata {
    return {
      name: 'nexus',
      version: VERSION,
      extensions: [BINARY_EXTENSION, ...extensionsOf(this.config)],
    };
  }

  /** Returns the names of all models that the client may use, ready or not. The repository index lists their states. */
  @Get('models')
  @ApiOperation({ summary: 'List models' })
  @ApiV2Errors('overloaded', 'internal')
  modelList(@Req() { caller }: FastifyRequest): ModelList {
    const names = this.registry.list().map(({ name }) => name);
    return { models: names.filter((name) => caller.sees(name)) };
  }

  /** Returns the inputs and outputs of the newest ready version. */
  @Get('models/:model')
  @ApiOperation({ summary: 'Describe a model' })
  @ApiModel()
  @ApiV2Errors('deadline')
  async modelMetadata(@Param('model') model: string): Promise<ModelMetadata> {
    const newest = await this.registry.describe(model);
    const ready = this.registry.get(model).versions.filter(({ state }) => state === 'READY');
    return metadataOf(
      newest,
      ready.map(({ version }) => version),
    );
  }

  /** Returns the inputs and outputs of one version. */
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

  /** Returns 200 if a version of the model is ready, otherwise 503 with the reason. */
  @Get('models/:model/ready')
  @ApiOperation({ summary: 'Check whether a model is ready' })
  @ApiModel()
  modelReady(@Param('model') model: string): ModelReady {
    return { name: this.registry.find(model).name, ready: true };
  }

  /** Returns 200 if the version is ready, otherwise 503 with the reason. */
  @Get('models/:model/versions/:version/ready')
  @ApiOperation({ summary: 'Check whether a version of a model is ready' })
  @ApiVersion()
  modelVersionReady(@Param('model') model: string, @Param('version') version: string): ModelReady {
    return { name: this.registry.find(model, version).name, ready: true };
  }
}
