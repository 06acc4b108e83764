import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { configurationOf } from '../models/report/model-configuration';
import { ModelRegistry } from '../models/registry/model-registry';
import { statisticsOf } from '../models/report/model-statistics';

const SERVICE = 'GRPCInferenceService';

/** A model, and a version of it where one is asked for. */
interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

/** The model configuration and statistics extensions, over gRPC. */
@Controller()
export class GrpcDetailsController {
  constructor(private readonly registry: ModelRegistry) {}

  /** How the version asked for, or the newest that is ready, is served. */
  @GrpcMethod(SERVICE, 'ModelConfig')
  async modelConfig({ name = '', version = '' }: ModelRequest) {
    const found = await this.registry.describe(name, version === '' ? undefined : version);
    return { config: configurationOf(found) };
  }

  /** What one version of a model, all of its versions, or all models have done since the start. */
  @GrpcMethod(SERVICE, 'ModelStatistics')
  modelStatistics({ name = '', version = '' }: ModelRequest) {
    const models = name === '' ? this.registry.list() : [this.registry.get(name)];
    const versions =
      version === '' ? models.flatMap((model) => model.versions) : [this.registry.find(name, version)];
    return { model_stats: versions.map(statisticsOf) };
  }
}
