import { Module } from '@nestjs/common';
import { Catalogue } from './registry/catalogue';
import { LoadLimits } from './registry/load-limits';
import { ModelControl } from './registry/model-control';
import { RepositoryWatcher } from './registry/repository-watcher';
import { ModelFactory } from './registry/model-factory';
import { ModelRegistry } from './registry/model-registry';
import { OverrideReader } from '../repository/overrides/override-reader';
import { DetailsController } from '../rest/models/details.controller';
import { ModelsController } from '../rest/models/models.controller';
import { RepositoryController } from '../rest/models/repository.controller';
import { TraceController } from '../rest/models/trace.controller';
import { Residency } from './version/residency';
import { RolloutController } from '../rest/models/rollout.controller';
import { RolloutControl } from './rollout/rollout-control';
import { Rollouts } from './rollout/rollouts';
import { VersionsController } from '../rest/models/versions.controller';

/** The models: the registry that loads and holds them, and what is told of them. */
@Module({
  controllers: [
    ModelsController,
    RepositoryController,
    DetailsController,
    VersionsController,
    RolloutController,
    TraceController,
  ],
  providers: [
    Catalogue,
    OverrideReader,
    Rollouts,
    Residency,
    ModelFactory,
    ModelRegistry,
    LoadLimits,
    ModelControl,
    RepositoryWatcher,
    RolloutControl,
  ],
  exports: [ModelRegistry, ModelControl, Rollouts],
})
export class ModelsModule {}
