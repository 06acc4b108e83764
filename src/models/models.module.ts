import { Module } from '@nestjs/common';
import { Catalogue } from './catalogue';
import { LoadLimits } from './lifecycle/load-limits';
import { ModelControl } from './lifecycle/model-control';
import { RepositoryWatcher } from './lifecycle/repository-watcher';
import { ModelFactory } from './model-factory';
import { ModelRegistry } from './model-registry';
import { OverrideReader } from './overrides/override-reader';
import { DetailsController } from './rest/details.controller';
import { ModelsController } from './rest/models.controller';
import { RepositoryController } from './rest/repository.controller';
import { TraceController } from './rest/trace.controller';
import { Residency } from './residency/residency';
import { RolloutController } from './rest/rollout.controller';
import { RolloutControl } from './rollout/rollout-control';
import { Rollouts } from './rollout/rollouts';
import { VersionsController } from './rest/versions.controller';

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
