import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { callOf } from '../transport/grpc/grpc-call';
import { configurationOf } from '../models/report/model-configuration';
import { ModelRegistry } from '../models/registry/model-registry';
import { ServedStatistics } from '../models/registry/served-statistics';

const SERVICE = 'GRPCInferenceService';

/** Names a model and, optionally, a version. */
interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

/** The model configuration and statistics extensions, over gRPC. */
@Controller()
export class GrpcDetailsController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly statistics: ServedStatistics,
  ) {}

  /** Returns the configuration of the given version, or of the newest ready one. */
  @GrpcMethod(SERVICE, 'ModelConfig')
  async modelConfig({ name = '', version = '' }: ModelRequest) {
    const found = await this.registry.describe(name, version === '' ? undefined : version);
    return { config: configurationOf(found) };
  }

  /** Returns the statistics of a version, of all versions of a model, or of all models. */
  @GrpcMethod(SERVICE, 'ModelStatistics')
  async modelStatistics({ name = '', version = '' }: ModelRequest, metadata: Metadata) {
    const { caller } = callOf(metadata);
    const models =
      name === ''
        ? this.registry.list().filter((model) => caller.sees(model.name))
        : [this.registry.get(name)];
    const versions =
      version === '' ? models.flatMap((model) => model.versions) : [this.registry.find(name, version)];
    return { model_stats: await this.statistics.of(versions) };
  }
}
