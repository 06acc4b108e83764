import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { configurationOf } from '../../models/report/model-configuration';
import { ModelRegistry } from '../../models/registry/model-registry';
import { ServedStatistics } from '../../models/registry/served-statistics';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ModelConfiguration } from '../../models/report/configuration.schema';
import { ModelStatisticsList } from '../../models/report/statistics.schema';
import { DESCRIBE, READ } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** The model configuration and statistics extensions. */
@ApiTags('Models')
@Requires(READ)
@Controller('v2/models')
export class DetailsController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly statistics: ServedStatistics,
  ) {}

  /** Returns the statistics of every version of every model since the server started. */
  @Get('stats')
  @ApiOperation({ summary: 'Get the statistics of all models' })
  @ApiV2Errors('overloaded', 'internal')
  async allStatistics(@Req() { caller }: FastifyRequest): Promise<ModelStatisticsList> {
    const models = this.registry.list().filter(({ name }) => caller.sees(name));
    return { model_stats: await this.statistics.of(models.flatMap(({ versions }) => versions)) };
  }

  /** Returns the statistics of every version of a model since the server started. */
  @Get(':model/stats')
  @ApiOperation({ summary: 'Get the statistics of a model' })
  @ApiModel()
  async modelStatistics(@Param('model') model: string): Promise<ModelStatisticsList> {
    return { model_stats: await this.statistics.of(this.registry.get(model).versions) };
  }

  /** Returns the statistics of one version of a model since the server started. */
  @Get(':model/versions/:version/stats')
  @ApiOperation({ summary: 'Get the statistics of a version of a model' })
  @ApiVersion()
  async modelVersionStatistics(
    @Param('model') model: string,
    @Param('version') version: string,
  ): Promise<ModelStatisticsList> {
    return { model_stats: await this.statistics.of([this.registry.find(model, version)]) };
  }

  /** Returns the configuration of the newest ready version, in the format of Triton's model configuration. */
  @Get(':model/config')
  @Requires(DESCRIBE)
  @ApiOperation({ summary: 'Get the configuration of a model' })
  @ApiModel()
  @ApiV2Errors('deadline')
  async modelConfiguration(@Param('model') model: string): Promise<ModelConfiguration> {
    return configurationOf(await this.registry.describe(model));
  }

  /** Returns the configuration of one version, in the format of Triton's model configuration. */
  @Get(':model/versions/:version/config')
  @Requires(DESCRIBE)
  @ApiOperation({ summary: 'Get the configuration of a version of a model' })
  @ApiVersion()
  @ApiV2Errors('deadline')
  async modelVersionConfiguration(
    @Param('model') model: string,
    @Param('version') version: string,
  ): Promise<ModelConfiguration> {
    return configurationOf(await this.registry.describe(model, version));
  }
}
