import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { configurationOf } from '../../models/report/model-configuration';
import { ModelRegistry } from '../../models/registry/model-registry';
import { statisticsOf } from '../../models/report/model-statistics';
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
  constructor(private readonly registry: ModelRegistry) {}

  /** Returns the statistics of every version of every model since the server started. */
  @Get('stats')
  @ApiOperation({ summary: 'Get the statistics of all models' })
  @ApiV2Errors('overloaded', 'internal')
  allStatistics(@Req() { caller }: FastifyRequest): ModelStatisticsList {
    const models = this.registry.list().filter(({ name }) => caller.sees(name));
    return { model_stats: models.flatMap(({ versions }) => versions.map(statisticsOf)) };
  }

  /** Returns the statistics of every version of a model since the server started. */
  @Get(':model/stats')
  @ApiOperation({ summary: 'Get the statistics of a model' })
  @ApiModel()
  modelStatistics(@Param('model') model: string): ModelStatisticsList {
    return { model_stats: this.registry.get(model).versions.map(statisticsOf) };
  }

  /** Returns the statistics of one version of a model since the server started. */
  @Get(':model/versions/:version/stats')
  @ApiOperation({ summary: 'Get the statistics of a version of a model' })
  @ApiVersion()
  modelVersionStatistics(
    @Param('model') model: string,
    @Param('version') version: string,
  ): ModelStatisticsList {
    return { model_stats: [statisticsOf(this.registry.find(model, version))] };
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
