import { Module } from '@nestjs/common';
import { LoadLimits } from './registry/load-limits';
import { ModelControl } from './registry/model-control';
import { RepositoryWatcher } from './registry/repository-watcher';
import { ModelFactory } from './registry/model-factory';
import { ModelRegistry } from './registry/model-registry';
import { Startup } from './registry/startup';
import { OverrideReader } from '../repository/overrides/override-reader';
import { Pictures } from '../tasks/pictures/pictures';
import { Tokenizers } from '../tasks/text/tokenizers';
import { Residency } from './version/residency';
import { ModelOperations } from './registry/model-operations';
import { ServedStatistics } from './registry/served-statistics';
import { RolloutControl } from './registry/rollout-control';
import { Rollouts } from './rollout/rollouts';
import { Mirrors } from '../storage/sync/mirrors';

/** Loads, serves and controls models. */
@Module({
  providers: [
    OverrideReader,
    Mirrors,
    Rollouts,
    Residency,
    Tokenizers,
    Pictures,
    ModelFactory,
    ModelRegistry,
    Startup,
    LoadLimits,
    ModelControl,
    RepositoryWatcher,
    RolloutControl,
    ModelOperations,
    ServedStatistics,
  ],
  exports: [
    ModelOperations,
    ServedStatistics,
    ModelRegistry,
    ModelControl,
    Mirrors,
    OverrideReader,
    Rollouts,
  ],
})
export class ModelsModule {}
